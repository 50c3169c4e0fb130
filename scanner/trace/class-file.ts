// What a Java class refers to, by its constant pool (The Java Virtual Machine Specification, §4.4).

export interface ClassReferences {
  /** Classes in internal form: `java/lang/String`. */
  readonly classes: ReadonlySet<string>;
  /** Methods as `class.name`. */
  readonly methods: ReadonlySet<string>;
}

const decoder = new TextDecoder();

/** @returns null for what is no class file */
export function referencesOf(bytes: Uint8Array): ClassReferences | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return view.getUint32(0) === 0xcafebabe ? read(bytes, view) : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function read(bytes: Uint8Array, view: DataView): ClassReferences {
  const count = view.getUint16(8);
  const texts = new Map<number, string>();
  const classAt = new Map<number, number>();
  const nameAndType = new Map<number, number>();
  const members: [owner: number, name: number][] = [];
  const types: number[] = [];
  for (let i = 1, at = 10; i < count; i++) {
    const tag = view.getUint8(at);
    switch (tag) {
      case 1: {
        const length = view.getUint16(at + 1);
        texts.set(i, decoder.decode(bytes.subarray(at + 3, at + 3 + length)));
        at += 3 + length;
        break;
      }
      case 7:
        classAt.set(i, view.getUint16(at + 1));
        at += 3;
        break;
      case 12:
        nameAndType.set(i, view.getUint16(at + 1));
        types.push(view.getUint16(at + 3));
        at += 5;
        break;
      case 9:
      case 10:
      case 11:
        members.push([view.getUint16(at + 1), view.getUint16(at + 3)]);
        at += 5;
        break;
      case 16:
        types.push(view.getUint16(at + 1));
        at += 3;
        break;
      case 8:
      case 19:
      case 20:
        at += 3;
        break;
      case 15:
        at += 4;
        break;
      case 5:
      case 6:
        // These take two places.
        i += 1;
        at += 9;
        break;
      case 3:
      case 4:
      case 17:
      case 18:
        at += 5;
        break;
      default:
        throw new RangeError('constant');
    }
  }
  const nameOf = (place: number) => texts.get(classAt.get(place) ?? 0) ?? '';
  const classes = new Set<string>();
  for (const place of classAt.keys()) for (const name of namesIn(nameOf(place))) classes.add(name);
  for (const type of types) for (const [, name] of (texts.get(type) ?? '').matchAll(/L([^;<>()]+);/g)) classes.add(name as string);
  const methods = new Set(members.map(([owner, name]) => `${nameOf(owner)}.${texts.get(nameAndType.get(name) ?? 0) ?? ''}`));
  return { classes, methods };
}

/** `[Lx/Y;` is an array of `x/Y`. */
function namesIn(name: string): string[] {
  if (!name.startsWith('[')) return name === '' ? [] : [name];
  return [...name.matchAll(/L([^;]+);/g)].map((found) => found[1] as string);
}
