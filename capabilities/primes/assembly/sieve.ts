/** The primes from one number to another, both included: of the odd numbers a byte each is 0 while it may be one. */
export class Sieve {
  count: i32 = 0;
  first: u64 = 0;
  last: u64 = 0;
  /** Modulo 2^64: below 10^12 no interval that is allowed comes near. */
  sum: u64 = 0;
  private readonly lowest: u64;
  private readonly odd: Uint8Array;

  constructor(
    private readonly from: u64,
    private readonly to: u64,
  ) {
    const lowest: u64 = max(from | 1, 3);
    this.lowest = lowest;
    this.odd = new Uint8Array(to < lowest ? 0 : <i32>((to - lowest) / 2 + 1));
    this.cross();
    if (this.hasTwo) this.found(2);
    for (let i = 0; i < this.odd.length; i++) if (this.odd[i] == 0) this.found(this.lowest + 2 * <u64>i);
  }

  list(): u64[] {
    const primes: u64[] = [];
    if (this.hasTwo) primes.push(2);
    for (let i = 0; i < this.odd.length; i++) if (this.odd[i] == 0) primes.push(this.lowest + 2 * <u64>i);
    return primes;
  }

  private get hasTwo(): bool {
    return this.from <= 2 && this.to >= 2;
  }

  private found(prime: u64): void {
    if (this.count++ == 0) this.first = prime;
    this.last = prime;
    this.sum += prime;
  }

  /** Crosses out the multiples of each prime up to the root. */
  private cross(): void {
    const root = <i32>Math.sqrt(<f64>this.to) + 1;
    const composite = new Uint8Array(root + 1);
    for (let divisor = 3; divisor <= root; divisor += 2) {
      if (composite[divisor] != 0) continue;
      for (let i = <i64>divisor * divisor; i <= root; i += 2 * divisor) composite[<i32>i] = 1;
      this.crossMultiples(<u64>divisor);
    }
  }

  private crossMultiples(prime: u64): void {
    let multiple = prime * prime;
    if (multiple < this.lowest) {
      multiple = ((this.lowest + prime - 1) / prime) * prime;
      if ((multiple & 1) == 0) multiple += prime;
    }
    if (multiple > this.to) return;
    const odd = this.odd;
    const length = <u64>odd.length;
    for (let i = (multiple - this.lowest) / 2; i < length; i += prime) odd[<i32>i] = 1;
  }
}
