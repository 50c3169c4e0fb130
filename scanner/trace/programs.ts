// Programs and libraries by their names: shells, interpreters, the C library, and functions that start or load others.

export const SHELLS = /^(?:sh|ash|dash|bash|ksh|mksh|zsh|rbash)$/;
/** Interpreters whose programs are not followed beyond their first file. */
export const OTHERS = new Set([
  'lua', 'luajit', 'Rscript', 'R', 'tclsh', 'guile', 'dotnet', 'mono', 'deno', 'bun', 'erl', 'escript', 'elixir', 'beam.smp', 'pwsh',
  'execlineb', 'groovy', 'scala', 'clojure', 'julia', 'ghci', 'runghc', 'racket', 'sbcl', 'octave', 'fish', 'expect', 'jruby', 'crystal', 'tsx', 'ts-node',
]);
/** Libraries that are interpreters: what they start and load, their programs say. */
export const ENGINES = /^lib(?:node|python[\d.]*|jvm|jli|java|perl|ruby|php[\d.]*)(?:[-.\d\w]*)?\.so/;
export const LIBC = /^(?:libc\.so|libc\.musl|libc-[\d.]+\.so|ld-linux|ld-musl|ld64|libpthread|libdl|librt|libm[.-]|libresolv)/;
export const STARTING = new Set('execve execv execvp execvpe execl execlp execle fexecve execveat posix_spawn posix_spawnp system popen wordexp'.split(' '));
export const LOADING = new Set(['dlopen', 'dlmopen']);
/** glibc loads libraries behind these. */
export const SYSTEM = /^(?:getaddrinfo|gethostby\w+|getpw\w+|getgr\w+|getserv\w+|iconv_open|initgroups|getnetgr\w+|wordexp)$/;

export type Language = 'java' | 'node' | 'other' | 'perl' | 'php' | 'python' | 'ruby';

export function languageOf(name: string): Language | null {
  if (name === 'node' || name === 'nodejs') return 'node';
  if (/^(?:python|pypy)[\d.]*$/.test(name)) return 'python';
  if (name === 'java') return 'java';
  const script = /^(perl|php|ruby)[\d.]*$/.exec(name)?.[1];
  if (script !== undefined) return script as Language;
  // What these answer requests with, requests say.
  return OTHERS.has(name) || /^(?:php-fpm|php-cgi|lua)[\d.]*$/.test(name) ? 'other' : null;
}
