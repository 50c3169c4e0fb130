// What each purl type demands of its parts: which are lower-case, which must or may not be there.
import type { Purl } from './purl.ts';

interface TypeRules {
  normalize?: (purl: Purl) => Purl;
  /** Maven's tests of the specification hold qualifier keys in mixed case; elsewhere they are refused. */
  keysInAnyCase?: true;
  /** Why this is no purl of its type, or null. */
  complaint?: (purl: Purl) => string | null;
}

const lower = (text: string | null) => (text === null ? null : text.toLowerCase());
const lowerBoth = (purl: Purl): Purl => ({ ...purl, namespace: lower(purl.namespace), name: purl.name.toLowerCase() });
const lowerName = (purl: Purl): Purl => ({ ...purl, name: purl.name.toLowerCase() });
const lowerNamespace = (purl: Purl): Purl => ({ ...purl, namespace: lower(purl.namespace) });
const namespaceRequired = (purl: Purl) => (purl.namespace === null ? `the type ${purl.type} needs a namespace` : null);
const namespaceProhibited = (purl: Purl) => (purl.namespace === null ? null : `the type ${purl.type} has no namespace`);

/** Go and npm keep their case: their registries tell `0xERR0R/blocky` from `0xerr0r/blocky` and `jQuery` from `jquery`. */
const RULES: Readonly<Record<string, TypeRules>> = {
  alpm: { normalize: lowerBoth },
  apk: { normalize: lowerBoth },
  bitbucket: { normalize: lowerBoth },
  bitnami: { normalize: lowerName },
  brew: { normalize: lowerBoth },
  'chrome-extension': {
    normalize: lowerName,
    complaint: ({ name, version }) =>
      !/^[a-p]{32}$/.test(name) ? 'an extension id is 32 letters from a to p'
        : version !== null && !/^\d{1,5}(?:\.\d{1,5}){0,3}$/.test(version) ? 'an extension version is one to four numbers'
          : null,
  },
  composer: { normalize: lowerBoth },
  cpan: { complaint: ({ name }) => (name.includes('::') ? 'a CPAN distribution is named with "-", not "::"' : null) },
  deb: { normalize: lowerBoth },
  git: { normalize: gitRepository },
  github: { normalize: lowerBoth },
  hex: { normalize: lowerBoth },
  huggingface: { normalize: (purl) => ({ ...purl, version: lower(purl.version) }) },
  julia: { complaint: ({ qualifiers }) => (qualifiers.uuid === undefined ? 'a Julia package needs its uuid' : null) },
  maven: { keysInAnyCase: true },
  // Databricks ignores case in model names, Azure does not.
  mlflow: { normalize: (purl) => (/databricks/i.test(purl.qualifiers.repository_url ?? '') ? lowerName(purl) : purl) },
  oci: { normalize: lowerName },
  otp: { normalize: lowerName, complaint: namespaceProhibited },
  pub: { normalize: lowerName },
  pypi: { normalize: (purl) => ({ ...purl, name: purl.name.toLowerCase().replaceAll('_', '-') }) },
  qpkg: { normalize: lowerNamespace },
  rpm: { normalize: lowerNamespace },
  swift: { complaint: namespaceRequired },
  vcpkg: { normalize: lowerName, complaint: namespaceProhibited },
  'vscode-extension': { normalize: lowerBoth, complaint: namespaceRequired },
};

/** A repository is named by its host and its whole path there. */
function gitRepository(purl: Purl): Purl {
  const [host, ...path] = [...(purl.namespace?.split('/') ?? []), purl.name];
  return path.length === 0 ? lowerBoth(purl) : lowerBoth({ ...purl, namespace: host as string, name: path.join('/') });
}

export function typeRules(type: string): TypeRules {
  return Object.hasOwn(RULES, type) ? (RULES[type] as TypeRules) : {};
}
