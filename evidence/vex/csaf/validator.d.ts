// The shape of a test in the CSAF validator library, which carries no declarations of its own.
declare module '@secvisogram/csaf-validator-lib/lib/*' {
  const test: unknown;
  export default test;
}
