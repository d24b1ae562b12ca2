/**
 * Edited numbers of the reference: a value to the text its picture shows, and back.
 *
 * Reading takes the digits and the sign out of the text, shows that value again, and accepts what comes out the same.
 */

/** `Z(3)9.99CR` → one symbol for each, CR and DB being one. */
export function expandPicture(picture: string): string[] {
  const symbols = picture.toUpperCase().match(/CR|DB|.(?:\(\d+\))?/g) ?? [];
  return symbols.flatMap((symbol) => {
    const count = /\((\d+)\)/.exec(symbol);
    return count === null ? [symbol] : Array.from({ length: Number(count[1]) }, () => symbol[0] ?? '');
  });
}

interface Place {
  readonly symbol: string;
  readonly isDigit: boolean;
}

function placesOf(picture: string): { places: Place[]; floating: string; pad: string } {
  const symbols = expandPicture(picture).filter((symbol) => symbol !== 'P');
  const floating =
    ['+', '-', '$'].find((sign) => symbols.filter((symbol) => symbol === sign).length > 1) ?? '';
  const first = symbols.indexOf(floating);
  const places = symbols.map((symbol, i) => ({
    symbol,
    isDigit: '9Z*'.includes(symbol) || (symbol === floating && i > first),
  }));
  return { places, floating, pad: symbols.includes('*') ? '*' : ' ' };
}

/** Digits that the text of a picture has room for. */
export function editedDigits(picture: string): number {
  return placesOf(picture).places.filter(({ isDigit }) => isDigit).length;
}

/** `value` counts in units of the last digit. */
export function formatEdited(picture: string, value: bigint, blankWhenZero: boolean): string {
  const { places, pad } = placesOf(picture);
  const canVanish = places.every(({ symbol, isDigit }) => !isDigit || symbol !== '9');
  if (value !== 0n || !(blankWhenZero || canVanish)) {
    return show(picture, value < 0n ? -value : value, value < 0n, places.length);
  }
  const filler = blankWhenZero ? ' ' : pad;
  return places
    .filter(({ symbol }) => symbol !== 'V')
    .map(({ symbol }) => (filler === '*' && symbol === '.' ? '.' : filler.repeat(symbol.length)))
    .join('');
}

/** Digits from the place `shownFrom` on are shown, zeros or not; before it as the picture says. */
function show(picture: string, magnitude: bigint, isNegative: boolean, shownFrom: number): string {
  const { places, floating, pad } = placesOf(picture);
  const digits = [...`${magnitude}`.padStart(editedDigits(picture), '0')];
  const sign = isNegative ? '-' : '+';
  const symbolShown = floating === '+' ? sign : floating === '-' ? sign.replace('+', ' ') : floating;
  const text: string[] = [];
  let isSuppressing = true;
  let isStringBegun = false;
  const end = (): void => {
    if (isSuppressing && floating !== '') text[text.length - 1] = symbolShown;
    isSuppressing = false;
  };
  for (const [index, { symbol, isDigit }] of places.entries()) {
    if (symbol === 'V' || symbol === '.' || symbol === '9') {
      if (isStringBegun) end();
      isSuppressing = false;
    }
    if (isDigit) {
      const digit = digits.shift() ?? '0';
      if (symbol !== '9') isStringBegun = true;
      if (isSuppressing && (digit !== '0' || index >= shownFrom)) end();
      text.push(isSuppressing ? pad : digit);
    } else if (symbol === floating) {
      isStringBegun = true;
      text.push(' ');
    } else if (symbol === '+' || symbol === '-') {
      text.push(symbol === '+' ? sign : sign.replace('+', ' '));
    } else if (symbol === 'CR' || symbol === 'DB') {
      text.push(isNegative ? symbol : '  ');
    } else if (symbol !== 'V') {
      const inserted = symbol === 'B' ? ' ' : symbol;
      text.push(isSuppressing && isStringBegun && symbol !== '.' ? pad : inserted);
    }
  }
  return text.join('');
}

/**
 * Undefined when the picture does not show any number like this; `blank` when all of it is spaces. Zeros that the
 * picture would have suppressed may be there, and the sign of a zero: the value is the same.
 */
export function readEdited(
  picture: string,
  text: string,
  blankWhenZero: boolean,
): bigint | 'blank' | undefined {
  const { places } = placesOf(picture);
  let digits = '';
  let isNegative = false;
  let at = 0;
  for (const { symbol, isDigit } of places) {
    if (symbol === 'V') continue;
    const part = text.slice(at, at + symbol.length);
    at += symbol.length;
    if (part === '-' || part === 'CR' || part === 'DB') isNegative = true;
    if (isDigit) digits += /^\d$/.test(part) ? part : '0';
  }
  const magnitude = BigInt(digits || '0');
  const value = isNegative ? -magnitude : magnitude;
  if (formatEdited(picture, value, blankWhenZero) === text) return value;
  const shown = places.map((_, from) => show(picture, magnitude, isNegative, from));
  if (shown.includes(text)) return value;
  return text.trim() === '' ? 'blank' : undefined;
}
