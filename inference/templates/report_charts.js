"use strict";
// Draw the charts anew, interactive, where the page shows their pictures; if that fails, the pictures stay.
// `ast` reads expressions without compiling them, so that the page's content policy can forbid eval.
{
  const specs = JSON.parse(document.getElementById("charts").textContent);
  const draw = async place => {
    const fresh = document.createElement("div");
    try {
      await vegaEmbed(fresh, specs[place.dataset.chart], {
        mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false,
        tooltip: { disableDefaultStyle: true },
      });
    } catch (error) {
      console.error(error);
      return;
    }
    fresh.querySelector("svg").setAttribute("aria-hidden", "true"); // the figure has its own description
    place.replaceChildren(fresh);
    place.classList.add("drawn");
    const hint = place.parentElement.querySelector(".hint");
    if (hint) hint.hidden = false;
  };
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries.filter(entry => entry.isIntersecting)) {
      seen.unobserve(entry.target);
      document.fonts.ready.then(() => draw(entry.target));
    }
  }, { rootMargin: "400px" });
  for (const place of document.querySelectorAll("[data-chart]")) seen.observe(place);
}
