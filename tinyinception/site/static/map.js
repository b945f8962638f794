"use strict";
const state = Explorer.state({ n: Explorer.number(5, { min: 1, max: 11, step: 2 }) });
Explorer.slider(document.getElementById("controls"), state, "n", { label: "Kernel" });
