// The one place where a format is added: one line here, one folder beside it.
import { attestation } from './attestation/index.ts';
import { oscal } from './compliance/oscal.ts';
import type { Format, Source } from './document.ts';
import { grype } from './report/grype/index.ts';
import { junit } from './report/junit/index.ts';
import { minder } from './report/minder/index.ts';
import { npmAudit } from './report/npm-audit/index.ts';
import { osvScanner } from './report/osv-scanner/index.ts';
import { sarif } from './report/sarif/index.ts';
import { scorecard } from './report/scorecard/index.ts';
import { trivy } from './report/trivy/index.ts';
import { cyclonedx } from './sbom/cyclonedx/index.ts';
import { spdx2 } from './sbom/spdx-2/index.ts';
import { spdx3 } from './sbom/spdx-3/index.ts';
import { csaf } from './vex/csaf/index.ts';
import { openvex } from './vex/openvex/index.ts';

/** In order: the first that claims a document reads it. Formats that name themselves stand before those known by their shape. */
export const FORMATS: readonly Format[] = [
  cyclonedx,
  spdx2,
  spdx3,
  openvex,
  csaf,
  attestation,
  sarif,
  trivy,
  grype,
  osvScanner,
  npmAudit,
  scorecard,
  minder,
  junit,
  oscal,
];

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
