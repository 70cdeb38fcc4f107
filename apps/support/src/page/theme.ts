/** The colours that were chosen in any of Magpie's applications. */
export function applyTheme(): void {
  const kept = localStorage.getItem("magpie.theme")
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept
}
