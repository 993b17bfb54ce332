"""The sentences of a report that do not depend on its numbers."""

from __future__ import annotations

OUT_OF_SCOPE = (
    "Out of scope: moderation, censorship, sanctions, visa, employment or policing decisions; judging single "
    "authors, or single articles without a human reading; proof of coordination, funding or truth. The unit is "
    "the article, the outlet, the language, the month: never a person."
)

LIMITS = (
    "A label says what the text as a whole expresses toward the policy; not whether its claims are true, nothing "
    "about Uyghur or Chinese people as such, nothing about one person's views.",
    "Intervals hold for this archive: what the archive left out, no interval knows.",
    "Readers' labels are taken as right. Where readers disagree, the intervals do not hold that doubt; report "
    "agreement too.",
    "Of many cells some intervals miss: at 95 %, one in twenty.",
    "In languages marked as not validated the model was tested on fewer than 20 independent stories.",
)

METHODS = {
    "ppi": (
        "Prediction-powered inference with power tuning (Angelopoulos et al. 2023; PPI++, arXiv 2311.01453): the "
        "mean of the classifier's probabilities over all articles of the cell, plus the weighted mean of what "
        "the audit found wrong with them. How far the classifier is trusted (0 to 1) is chosen per cell to make "
        "the variance smallest. Weights are one over the known inclusion probability."
    ),
    "dsl": (
        "Design-based supervised learning (Egami et al. 2023, arXiv 2306.04746): the classifier's probabilities "
        "over all articles of the cell, corrected by the audited residuals, each divided by its known inclusion "
        "probability."
    ),
    "classical": "A stratified survey: the audited articles alone, weighted by one over the inclusion probability.",
    "uncorrected": "Uncorrected: the share of articles to which the classifier gave each label.",
}  # fmt: skip

INTERVALS = (
    "Variances follow the sampling design: strata, unequal probabilities, the share of the archive that was "
    "read; whole stories or outlets, where those were drawn. The third and fourth moments of what each audited article "
    "adds make the interval wider where few heavy articles or few errors decide, and longer to the side where more may "
    "be hidden; where the audit saw no error the half-width stays near three over the number audited (the rule of "
    "three). All labels are estimated together: shares are not negative and sum to one."
)

COUNTING_NAMES = {"as_published": "as published", "once_per_story": "once per story"}

STATUS_WORDS = {
    "scored": "given a stance",
    "unrouted": "language unknown or without a model",
    "empty": "nothing to read",
    "rejected": "could not be used",
    "lost": "refused records without an id, listed in the rejected file only",
}

CHARTS_LICENCE = """The script below holds Vega, Vega-Lite and Vega-Embed with their parts (d3 under ISC).
Copyright (c) 2015-2025, University of Washington Interactive Data Lab and other contributors. All rights reserved.
Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met: 1. Redistributions of source code must retain the above copyright notice, this list of
conditions and the following disclaimer. 2. Redistributions in binary form must reproduce the above copyright notice,
this list of conditions and the following disclaimer in the documentation and/or other materials provided with the
distribution. 3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or
promote products derived from this software without specific prior written permission. THIS SOFTWARE IS PROVIDED BY THE
COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE
COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR
BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
(INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE."""
"""The licence of the charts' script (BSD-3-Clause), which asks to travel with it."""
