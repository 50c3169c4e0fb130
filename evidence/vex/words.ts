// The words that formats use for a VEX status and its justification, beside ours. Where words differ, the original is kept.
import type { VexJustification, VexStatement, VexStatus } from './model.ts';

export const STATUSES: readonly VexStatus[] = ['not_affected', 'affected', 'fixed', 'under_investigation'];

export const JUSTIFICATIONS: readonly VexJustification[] = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
];

/** CycloneDX `analysis.state`. A false positive becomes `not_affected`; the original word says which it was. */
export const CYCLONEDX_STATES: Readonly<Record<string, VexStatus>> = {
  not_affected: 'not_affected',
  false_positive: 'not_affected',
  exploitable: 'affected',
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  in_triage: 'under_investigation',
};

/** CycloneDX `analysis.justification`: nearest, not equal; two of its words have no near one. */
export const CYCLONEDX_JUSTIFICATIONS: Readonly<Record<string, VexJustification>> = {
  code_not_present: 'vulnerable_code_not_present',
  code_not_reachable: 'vulnerable_code_not_in_execute_path',
  requires_configuration: 'vulnerable_code_cannot_be_controlled_by_adversary',
  requires_environment: 'vulnerable_code_cannot_be_controlled_by_adversary',
  protected_by_compiler: 'inline_mitigations_already_exist',
  protected_at_runtime: 'inline_mitigations_already_exist',
  protected_by_mitigating_control: 'inline_mitigations_already_exist',
};

/** CSAF `product_status`. `recommended` says nothing about being affected. */
export const CSAF_STATUSES: Readonly<Record<string, VexStatus | null>> = {
  known_not_affected: 'not_affected',
  known_affected: 'affected',
  first_affected: 'affected',
  last_affected: 'affected',
  fixed: 'fixed',
  first_fixed: 'fixed',
  under_investigation: 'under_investigation',
  recommended: null,
};

/** SPDX 3.0.1: class, the relationship type its text fixes, and our word. */
export const SPDX_CLASSES: Readonly<Record<string, { type: string; status: VexStatus }>> = {
  security_VexNotAffectedVulnAssessmentRelationship: { type: 'doesNotAffect', status: 'not_affected' },
  security_VexAffectedVulnAssessmentRelationship: { type: 'affects', status: 'affected' },
  security_VexFixedVulnAssessmentRelationship: { type: 'fixedIn', status: 'fixed' },
  security_VexUnderInvestigationVulnAssessmentRelationship: { type: 'underInvestigationFor', status: 'under_investigation' },
};

/** `componentNotPresent` is `component_not_present`, and so on for all five. */
export function justificationOfSpdx(word: string): VexJustification | null {
  const snake = word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return JUSTIFICATIONS.find((one) => one === snake) ?? null;
}

export function justificationToSpdx(word: VexJustification): string {
  return word.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The words that say exactly what ours say; any other is kept beside ours, because mapping it loses something. */
const EXACT: ReadonlySet<string> = new Set([
  ...STATUSES,
  'exploitable',
  'resolved',
  'in_triage',
  'known_not_affected',
  'known_affected',
  ...Object.values(SPDX_CLASSES).map(({ type }) => type),
  ...JUSTIFICATIONS,
  ...JUSTIFICATIONS.map(justificationToSpdx),
  'code_not_present',
  'code_not_reachable',
  'protected_by_mitigating_control',
]);

/** Tells whether a statement's own words say something that our words do not. */
export function keepsWords({ words }: VexStatement): boolean {
  return !EXACT.has(words.status) || (words.justification !== null && !EXACT.has(words.justification));
}
