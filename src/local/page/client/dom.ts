type Child = Node | string | null | undefined | false;

type Props<Tag extends keyof HTMLElementTagNameMap> = {
  readonly [Name in `aria-${string}` | `data-${string}` | "role" | "for"]?: string;
} & Partial<Omit<HTMLElementTagNameMap[Tag], "style" | "dataset" | "children">> & {
    readonly class?: string;
    readonly style?: Readonly<Record<string, string>>;
  };

/**
 * Makes an element. Names with a hyphen, `role` and `for` are attributes, the others properties (`onclick`,
 * `textContent`); `style` sets CSS properties through the CSSOM, which the page's content policy allows.
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props<Tag> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") element.className = String(value);
    else if (name === "style") setStyle(element, value as Record<string, string>);
    else if (name.includes("-") || name === "role" || name === "for")
      element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function setStyle(element: HTMLElement, style: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
}

/** The element of the page's HTML with this id. Throws when the HTML lacks it. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element #${id}`);
  return element;
}

/** Writes a text only where it differs, so that nothing is laid out or announced again for nothing. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
