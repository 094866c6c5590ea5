import "./shell/language";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/sources.css";
import "./styles/explore.css";
import "./styles/chart.css";
import "./styles/health.css";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
