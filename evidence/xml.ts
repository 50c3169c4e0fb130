// XML as a tree of elements, and the ways into it.

export interface XmlElement {
  /** Local name, without prefix. */
  readonly name: string;
  /** Namespace, empty where there is none. */
  readonly namespace: string;
  /** Attributes without a namespace, by name. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text directly inside, as it stands. */
  readonly text: string;
}

/** The first child of that name, in the element's own namespace. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name && child.namespace === element.namespace);
}

/** All children of that name, in the element's own namespace. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name && child.namespace === element.namespace) ?? [];
}

/** The text of the first child of that name, as it stands. */
export function childText(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}
