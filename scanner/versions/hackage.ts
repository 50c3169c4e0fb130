// Hackage's versions (the Haskell PVP, Cabal's grammar): integers without leading zeros, the longer one later.
import { compareNumbers } from './cran.ts';
import { defineScheme, parseInteger } from './scheme.ts';

/** Cabal reads at most nine digits a number. */
const HACKAGE = /^(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8}))*$/;

export const hackage = defineScheme({
  name: 'hackage',
  wellFormed: HACKAGE,
  parse: (text) => (text.match(/\d+/g) ?? []).map(parseInteger),
  order: compareNumbers,
});
