// The one place where a format is added: one line here, one folder beside it.
import type { Format, Source } from './document.ts';
import { attestation } from './attestation/index.ts';
import { cyclonedx } from './sbom/cyclonedx/index.ts';
import { spdx2 } from './sbom/spdx-2/index.ts';
import { spdx3 } from './sbom/spdx-3/index.ts';
import { csaf } from './vex/csaf/index.ts';
import { openvex } from './vex/openvex/index.ts';

/** In order: the first that claims a document reads it. */
export const FORMATS: readonly Format[] = [cyclonedx, spdx2, spdx3, openvex, csaf, attestation];

/**
 * Tells a document's format from its content.
 *
 * @param hint - a format's name, asked first; content decides all the same, so a wrong hint does no harm
 * @returns null when no format claims the document
 */
export function detect(source: Source, hint?: string): Format | null {
  const hinted = FORMATS.find((format) => format.name === hint);
  if (hinted?.claims(source) === true) return hinted;
  return FORMATS.find((format) => format.claims(source)) ?? null;
}
