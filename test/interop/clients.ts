// The one place where an interop client is added: one line, loaded only when it runs.
import type { Client } from './client.ts';

export const CLIENTS: Readonly<Record<string, () => Promise<Client>>> = {
  cosign: async () => (await import('./clients/cosign.ts')).cosign,
  nodes: async () => (await import('./clients/nodes.ts')).nodes,
  opa: async () => (await import('./clients/opa.ts')).opa,
  tessera: async () => (await import('./clients/tessera.ts')).client,
  omniwitness: async () => (await import('./clients/witnesses.ts')).omniwitness,
  litewitness: async () => (await import('./clients/witnesses.ts')).litewitness,
  chromium: async () => (await import('./clients/chromium.ts')).chromium,
  playbook: async () => (await import('./clients/playbook.ts')).playbook,
  syft: async () => (await import('./clients/syft.ts')).syft,
  'osv-scanner': async () => (await import('./clients/scanners.ts')).osvScanner,
  grype: async () => (await import('./clients/scanners.ts')).grype,
  trivy: async () => (await import('./clients/scanners.ts')).trivy,
};
