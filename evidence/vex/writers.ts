// The formats in which VEX is written: the one place where another is added.
import { writeCyclonedxVex, type BomAbout } from '../sbom/cyclonedx/write.ts';
import { writeSpdxVex } from '../sbom/spdx-3/write.ts';
import type { Authored } from './author.ts';
import { writeCsaf } from './csaf/write.ts';
import type { VexStatement } from './model.ts';
import { writeOpenvex } from './openvex/write.ts';

export const VEX_FORMATS = ['openvex', 'csaf', 'cyclonedx', 'spdx-3'] as const;
export type VexFormat = (typeof VEX_FORMATS)[number];

/** Each throws INPUT_MALFORMED for a statement that breaks the rules of VEX (`asWritable`). */
export const VEX_WRITERS: Readonly<Record<VexFormat, (statements: readonly VexStatement[], about: Authored & BomAbout) => Uint8Array>> = {
  openvex: writeOpenvex,
  csaf: writeCsaf,
  cyclonedx: writeCyclonedxVex,
  'spdx-3': writeSpdxVex,
};
