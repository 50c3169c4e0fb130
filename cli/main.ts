// The `stella` command: picks the command, prints what a person needs, and turns refusals into exit codes.

/** @param args - the arguments after `stella` */
export async function run(args: readonly string[]): Promise<void> {
  if (args.length === 0 || args[0] === '--help') {
    process.stdout.write('Usage: stella COMMAND [OPTIONS]\n');
    return;
  }
  process.stderr.write(`Cannot run "${args[0]}": no such command\n`);
  process.exitCode = 2;
}
