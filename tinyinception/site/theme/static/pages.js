// Predictions, the filter of the claims, and the chooser of Which Inception?: plain JavaScript, which works from disk.
// Without it a page shows everything.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // -- predictions ----------------------------------------------------------------------------------------------------

  function predictions() {
    const reveal = document.getElementById("reveal");
    const open = [];
    for (const asked of all(".prediction")) {
      const gated = all(`[data-gate="${asked.id}"]`);
      const answer = asked.querySelector(".answer");
      const waiting = document.createElement("p");
      waiting.className = "waiting";
      waiting.textContent = "What comes out appears when you have chosen.";
      if (answer) answer.hidden = true;
      if (gated.length) {
        gated[0].before(waiting);
        for (const output of gated) output.hidden = true;
      }
      const show = () => {
        waiting.remove();
        for (const output of gated) output.hidden = false;
        const anyway = asked.querySelector(".anyway");
        if (anyway) anyway.hidden = true;
      };
      open.push(() => { show(); if (answer) { answer.hidden = false; answer.open = true; } });
      for (const button of all("button", asked)) {
        button.addEventListener("click", () => {
          show();
          if (button.dataset.choice) judge(asked, button);
          else if (answer) { answer.hidden = false; answer.open = true; }
        });
      }
    }
    if (!open.length && reveal) reveal.parentElement.remove();
    if (reveal) reveal.addEventListener("change", () => { if (reveal.checked) open.forEach((one) => one()); else location.reload(); });
    if (reveal) reveal.checked = false;
  }

  function judge(asked, button) {
    const right = asked.dataset.answer, chosen = button.dataset.choice;
    const sentence = (letter) => asked.querySelector(`.answer li[data-choice="${letter}"]`).innerHTML;
    const lines = chosen === right
      ? [["good", "Right", sentence(right)]]
      : [["bad", "Not so", sentence(chosen)], ["good", "It is", sentence(right)]];
    asked.querySelector(".judged").innerHTML = lines.map(([kind, word, said]) => `<p><b class="${kind}">${word}:</b> ${said}</p>`).join("");
    for (const other of all("button[data-choice]", asked)) {
      other.setAttribute("aria-pressed", String(other === button));
      other.classList.toggle("right", other.dataset.choice === right);
      other.classList.toggle("wrong", other === button && chosen !== right);
    }
  }

  // -- claims ---------------------------------------------------------------------------------------------------------

  function claims() {
    const form = document.querySelector(".filters");
    if (!form) return;
    const rows = all(".claim").map((row) => [row, row.textContent.toLowerCase()]);
    const count = document.querySelector(".count");
    const state = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value));

    function filter() {
      const { q = "", ...exact } = state();
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const [row, text] of rows) {
        const shown = words.every((word) => text.includes(word))
          && Object.entries(exact).every(([key, value]) => row.dataset[key] === value);
        row.hidden = !shown;
        left += shown;
      }
      count.textContent = left === rows.length ? `${left} claims` : `${left} of ${rows.length} claims`;
    }

    function remember() {
      filter();
      const words = new URLSearchParams(state()).toString();
      history.replaceState(null, "", words ? `#${words}` : location.pathname + location.search);
    }

    function recall() { // a setting such as #verdict=false, or one claim such as #A3
      const said = location.hash.slice(1);
      if (!said.includes("=")) {
        if (said && document.getElementById(said)?.hidden) { form.reset(); filter(); document.getElementById(said).scrollIntoView(); }
        return;
      }
      for (const [key, value] of new URLSearchParams(said)) if (form.elements[key]) form.elements[key].value = value;
      filter();
    }

    form.addEventListener("input", remember);
    form.addEventListener("reset", () => setTimeout(remember));
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", recall);
    recall();
  }

  // -- which inception ------------------------------------------------------------------------------------------------

  function chooser() {
    const form = document.querySelector(".chooser");
    if (!form) return;
    const rows = all(".cards tbody tr");
    const prose = all("article p").map((paragraph) => paragraph.textContent);
    const numbers = (row) => all("td", row).slice(1, 5).map((cell) => Number(cell.textContent.replace(/[^\d]/g, ""))).filter(Boolean);
    const said = form.querySelector(".chosen");

    function choose() {
      const text = form.elements.known.value.trim().toLowerCase();
      const plain = text.replace(/[\s,._']/g, "");
      let found = [];
      let told = "";
      if (/^\d{6,}$/.test(plain)) {
        const asked = Number(plain);
        const near = rows.map((row) => [Math.min(...numbers(row).map((n) => Math.abs(n - asked) / asked)), row]);
        const best = Math.min(...near.map(([far]) => far));
        found = near.filter(([far]) => far === best).map(([, row]) => row);
        told = best === 0 ? "Exactly" : `Nearest, ${(100 * best).toPrecision(2)} % away`;
        const said = best && prose.find((text) => text.includes(asked.toLocaleString("en-GB")));
        if (said) told = `This number is in the text below (“${said.split(/(?<=[?.]) /)[0]}”). ${told}`;
      } else if (/^\d+(\.\d+)?m$/.test(text)) {
        const asked = text.slice(0, -1), digits = (asked.split(".")[1] || "").length;
        found = rows.filter((row) => numbers(row).slice(0, 3).some((n) => (n / 1e6).toFixed(digits) === asked));
        told = "Rounded";
      } else if (text) {
        found = rows.filter((row) => text.split(/\s+/).every((word) => row.textContent.toLowerCase().includes(word)));
        told = "With these words";
      }
      for (const row of rows) {
        row.classList.toggle("found", found.includes(row));
        row.classList.toggle("other", Boolean(text) && !found.includes(row));
      }
      const names = found.map((row) => row.cells[0].querySelector("code").textContent).join(", ");
      said.textContent = text ? (found.length ? `${told}: ${names}` : "None of them.") : "";
    }
    form.addEventListener("input", choose);
    form.addEventListener("submit", (event) => event.preventDefault());
    choose();
  }

  // -- tables wider than the page -------------------------------------------------------------------------------------

  function tables() {
    for (const box of all("article pre, .wide, .table-wrapper, div.formula")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // so that arrow keys scroll it
    }
  }

  // -- the theme's drawers, which know the mouse alone ----------------------------------------------------------------

  function drawers() {
    const names = { __navigation: "Pages of the site", __toc: "On this page" };
    for (const label of all(".nav-overlay-icon, .toc-overlay-icon:not(.no-toc)")) {
      const box = document.getElementById(label.htmlFor);
      label.tabIndex = 0;
      label.setAttribute("role", "button");
      label.setAttribute("aria-label", names[box.id]);
      const say = () => label.setAttribute("aria-expanded", String(box.checked));
      box.addEventListener("change", say);
      say();
      label.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        box.click();
      });
      addEventListener("keydown", (event) => { if (event.key === "Escape" && box.checked) { box.click(); label.focus(); } });
    }
  }

  predictions();
  claims();
  chooser();
  tables();
  drawers();
})();
