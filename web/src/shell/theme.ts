import { useCallback, useEffect, useState } from "react";

export type Theme = "light" | "dark";

const KEY = "headrace-theme";
const SYSTEM = matchMedia("(prefers-color-scheme: dark)");

function remembered(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null; // storage may be forbidden
  }
}

// Before anything is drawn.
document.documentElement.dataset.theme = remembered() ?? (SYSTEM.matches ? "dark" : "light");

/** What the person chose, or else what the system has. */
export function useTheme(): { theme: Theme; toggle: () => void } {
  const [chosen, setChosen] = useState(remembered);
  const [system, setSystem] = useState<Theme>(SYSTEM.matches ? "dark" : "light");
  const theme = chosen ?? system;
  useEffect(() => {
    const onChange = () => setSystem(SYSTEM.matches ? "dark" : "light");
    SYSTEM.addEventListener("change", onChange);
    return () => SYSTEM.removeEventListener("change", onChange);
  }, []);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const toggle = useCallback(() => {
    const next = theme === "dark" ? "light" : "dark";
    setChosen(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // It is not remembered then.
    }
  }, [theme]);
  return { theme, toggle };
}
