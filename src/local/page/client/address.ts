/** The state that the page's address holds, behind its `#`. */
export function readAddress(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

/** Writes what is chosen; an empty value stands for the default and is left out. */
export function writeAddress(state: readonly (readonly [string, string])[]): void {
  const chosen = state.filter(([, value]) => value !== "").map(([name, value]) => [name, value]);
  const text = new URLSearchParams(chosen).toString();
  if (location.hash.slice(1) !== text) history.replaceState(null, "", text === "" ? "#" : `#${text}`);
}
