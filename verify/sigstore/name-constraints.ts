// Name constraints: which names the certificates below an authority may carry (RFC 5280 §4.2.1.10).
import { childrenOf, DerError, explicit, implicit, readTagged, TAG } from './der.ts';
import { type AlternativeName, alternativeNamesOf, type Certificate, OID } from './x509.ts';

interface Constraint {
  readonly kind: AlternativeName['kind'];
  readonly base: string;
}

/**
 * What breaks the issuer's name constraints in a certificate below it, or null.
 *
 * E-mail, DNS and URI names are compared. A constraint of another kind cannot be checked here, and where it is marked
 * critical (as RFC 5280 asks) it refuses the path.
 *
 * @throws {DerError}
 */
export function nameConstraintBreach(issuer: Certificate, below: Certificate): string | null {
  const extension = issuer.extensions.get(OID.nameConstraints);
  if (extension === undefined) return null;
  const parts = childrenOf(readTagged(extension.value, TAG.sequence));
  const permitted = constraintsOf(parts.find((part) => part.tag === explicit(0))?.content);
  const excluded = constraintsOf(parts.find((part) => part.tag === explicit(1))?.content);
  if (extension.critical && [...permitted, ...excluded].some(({ kind }) => kind === 'other')) return 'an authority constrains names of an unknown kind';
  for (const name of alternativeNamesOf(below)) {
    if (excluded.some((constraint) => isWithin(name, constraint))) return 'a name lies in what an authority excludes';
    const same = permitted.filter(({ kind }) => kind === name.kind);
    if (same.length > 0 && !same.some((constraint) => isWithin(name, constraint))) return 'a name lies outside what an authority permits';
  }
  return null;
}

function constraintsOf(content: Uint8Array | undefined): readonly Constraint[] {
  if (content === undefined) return [];
  return childrenOf({ tag: TAG.sequence, raw: content, content }).map((subtree) => {
    const [base, ...bounds] = childrenOf(subtree);
    // RFC 5280 §4.2.1.10: minimum is 0 (so absent in DER) and maximum is absent.
    if (base === undefined || bounds.length > 0) throw new DerError('a name constraint with bounds');
    const text = String.fromCharCode(...base.content);
    const kind = { [implicit(1)]: 'email', [implicit(2)]: 'dns', [implicit(6)]: 'uri' }[base.tag] as Constraint['kind'] | undefined;
    return { kind: kind ?? 'other', base: text.toLowerCase() };
  });
}

function isWithin(name: AlternativeName, { kind, base }: Constraint): boolean {
  if (name.kind !== kind) return false;
  const value = name.value.toLowerCase();
  switch (kind) {
    case 'dns':
      return base === '' || value === base || value.endsWith(`.${base}`);
    case 'email': {
      // A base with a mailbox is that mailbox; a host means its mailboxes; a leading dot means hosts below it.
      if (base.includes('@')) return value === base;
      return isHostWithin(value.slice(value.lastIndexOf('@') + 1), base);
    }
    case 'uri':
      return isHostWithin(/^[a-z][a-z0-9+.-]*:\/\/(?:[^@/?#]*@)?([^:/?#]*)/.exec(value)?.[1] ?? '', base);
    default:
      return false;
  }
}

function isHostWithin(host: string, base: string): boolean {
  return base.startsWith('.') ? host.endsWith(base) : host === base;
}
