// The shape of the two lists of tests that the CSAF validator library exports; it carries no declarations of its own.
declare module '@secvisogram/csaf-validator-lib/mandatoryTests.js' {
  const tests: Record<string, unknown>;
  export = tests;
}
declare module '@secvisogram/csaf-validator-lib/optionalTests.js' {
  const tests: Record<string, unknown>;
  export = tests;
}
