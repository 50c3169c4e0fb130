// The one place where a conformance suite is added: one line, loaded only when it runs.
import type { Suite } from './suite.ts';

export const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  'sigstore-flips': async () => (await import('./sigstore-flips.ts')).sigstoreFlips,
  'sigstore-oracle': async () => (await import('./sigstore-oracle.ts')).sigstoreOracle,
  cbor: async () => (await import('./cbor.ts')).cbor,
  merkle: async () => (await import('./merkle.ts')).merkle,
  'policy-format': async () => (await import('./policy-format.ts')).policyFormat,
  rego: async () => (await import('./rego.ts')).rego,
  sigstore: async () => (await import('./sigstore.ts')).sigstore,
  schemas: async () => (await import('./schemas.ts')).schemas,
  'csaf-tests': async () => (await import('./csaf-tests.ts')).csafTests,
  formats: async () => (await import('./formats.ts')).default,
  goldens: async () => (await import('./scanner/goldens.ts')).suite,
  labels: async () => (await import('./scanner/labels.ts')).suite,
  osv: async () => (await import('./scanner/osv.ts')).suite,
  purl: async () => (await import('./scanner/purl.ts')).suite,
  versions: async () => (await import('./scanner/versions.ts')).suite,
};
