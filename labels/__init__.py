"""What a label is: codebook, records, errors, text normalisation, the labelled corpus and its checks."""

from .codebook import Codebook, CodebookLabel, CodebookRule
from .errors import CodebookError, ConfigError, DataError, InputTooLongError, ModelError, StanceError
from .records import Article, Evidence, LabelledArticle, LabelledSentence, Prediction, RejectedRecord

__all__ = [
    "Article",
    "Codebook",
    "CodebookError",
    "CodebookLabel",
    "CodebookRule",
    "ConfigError",
    "DataError",
    "Evidence",
    "InputTooLongError",
    "LabelledArticle",
    "LabelledSentence",
    "ModelError",
    "Prediction",
    "RejectedRecord",
    "StanceError",
]
