/// The tables of who sells, who buys, and what was said wrongly of payments: each change is a row
/// more, with who made it and when, and is sealed.
enum PartySchema {
  /// Rows of before stay in `seller` and `billing_profiles` until the file is opened for the first
  /// time, which takes and seals them; see `PartyStore.adoptOldRows`.
  static let tables = """
    -- The last one sells.
    CREATE TABLE seller_versions (
      id INTEGER NOT NULL PRIMARY KEY,
      \(BillingSchema.party),
      iban TEXT NOT NULL,
      prefix TEXT NOT NULL,
      payment_days INTEGER NOT NULL,
      \(cause)
    ) STRICT;
    \(growsOnly("seller_versions"))

    -- A tenant's last one holds. `confirmation` is that of who buys, as long as it is the same.
    CREATE TABLE profile_versions (
      id INTEGER NOT NULL PRIMARY KEY,
      tenant TEXT NOT NULL,
      \(BillingSchema.party),
      reference TEXT NOT NULL,
      zone TEXT NOT NULL,
      confirmation INTEGER REFERENCES buyer_confirmations (id),
      \(cause)
    ) STRICT;
    CREATE INDEX profile_versions_by_tenant ON profile_versions (tenant, id);
    \(growsOnly("profile_versions"))

    -- What holds of a payment instead of what was said of it: the last row of its invoice.
    CREATE TABLE payment_corrections (
      id INTEGER NOT NULL PRIMARY KEY,
      number TEXT NOT NULL REFERENCES invoice_payments (number),
      -- NULL for what was not paid.
      paid_day INTEGER,
      reason TEXT NOT NULL,
      \(cause)
    ) STRICT;
    CREATE INDEX payment_corrections_by_number ON payment_corrections (number, id);
    \(growsOnly("payment_corrections"))

    INSERT INTO chain_ends (chain, count, last, digest) VALUES
      ('sellers', 0, '', zeroblob(32)), ('profiles', 0, '', zeroblob(32)),
      ('confirmations', 0, '', zeroblob(32)), ('payment-corrections', 0, '', zeroblob(32));
    """

  private static let cause = """
    set_by TEXT NOT NULL,
      set_time INTEGER NOT NULL
    """

  private static func growsOnly(_ table: String) -> String {
    """
    \(SealSchema.refuse("UPDATE", on: table, "what was set never changes"))
    \(SealSchema.refuse("DELETE", on: table, "what was set never goes"))
    \(SealSchema.refuseReplacement(on: table, "id = NEW.id"))
    """
  }
}
