/// The tables of prices and invoices. What was set or issued never changes, whoever writes.
enum BillingSchema {
  static let tables = """
    -- "1000000000:20,5000000000:15": above so many GFLOP, so many nano-euro for each.
    ALTER TABLE prices ADD COLUMN tiers TEXT NOT NULL DEFAULT '';
    ALTER TABLE prices ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
    ALTER TABLE prices ADD COLUMN set_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE prices ADD COLUMN set_time INTEGER NOT NULL DEFAULT 0;
    CREATE TRIGGER prices_never_change BEFORE UPDATE ON prices
      BEGIN SELECT RAISE(ABORT, 'a price never changes'); END;
    CREATE TRIGGER prices_stay BEFORE DELETE ON prices
      BEGIN SELECT RAISE(ABORT, 'a price never goes'); END;

    CREATE TABLE seller (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      \(party),
      iban TEXT NOT NULL,
      prefix TEXT NOT NULL,
      payment_days INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE billing_profiles (
      tenant TEXT NOT NULL PRIMARY KEY,
      \(party),
      reference TEXT NOT NULL,
      zone TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- `document` is what `digest` covers, after the digest of the row before.
    CREATE TABLE invoices (
      position INTEGER NOT NULL PRIMARY KEY,
      number TEXT NOT NULL UNIQUE,
      series TEXT NOT NULL,
      count INTEGER NOT NULL CHECK (count > 0),
      tenant TEXT NOT NULL,
      kind TEXT NOT NULL,
      month TEXT NOT NULL,
      corrects TEXT NOT NULL,
      document BLOB NOT NULL,
      digest BLOB NOT NULL,
      UNIQUE (series, count)
    ) STRICT;
    CREATE INDEX invoices_by_tenant ON invoices (tenant, position);
    CREATE UNIQUE INDEX invoices_once_corrected ON invoices (corrects, kind)
      WHERE corrects != '';
    CREATE TRIGGER invoices_never_change BEFORE UPDATE ON invoices
      BEGIN SELECT RAISE(ABORT, 'an invoice never changes'); END;
    CREATE TRIGGER invoices_stay BEFORE DELETE ON invoices
      BEGIN SELECT RAISE(ABORT, 'an invoice never goes'); END;

    CREATE TABLE invoice_payments (
      number TEXT NOT NULL PRIMARY KEY REFERENCES invoices (number),
      paid_day INTEGER NOT NULL,
      set_by TEXT NOT NULL,
      set_time INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  /// Who was believed to be where, and why. A profile of before is of nobody who was confirmed.
  static let confirmations = """
    CREATE TABLE buyer_confirmations (
      id INTEGER NOT NULL PRIMARY KEY,
      tenant TEXT NOT NULL,
      country TEXT NOT NULL,
      vat_id TEXT NOT NULL,
      checked_day INTEGER NOT NULL,
      evidence TEXT NOT NULL CHECK (evidence != ''),
      confirmed_by TEXT NOT NULL,
      confirm_time INTEGER NOT NULL
    ) STRICT;
    CREATE TRIGGER buyer_confirmations_never_change BEFORE UPDATE ON buyer_confirmations
      BEGIN SELECT RAISE(ABORT, 'a confirmation never changes'); END;
    CREATE TRIGGER buyer_confirmations_stay BEFORE DELETE ON buyer_confirmations
      BEGIN SELECT RAISE(ABORT, 'a confirmation never goes'); END;
    CREATE TRIGGER buyer_confirmations_are_not_replaced BEFORE INSERT ON buyer_confirmations
      WHEN EXISTS (SELECT 1 FROM buyer_confirmations c WHERE c.id = NEW.id)
      BEGIN SELECT RAISE(ABORT, 'a confirmation is never replaced'); END;

    ALTER TABLE billing_profiles
      ADD COLUMN confirmation INTEGER REFERENCES buyer_confirmations (id);
    """

  static let party = """
    name TEXT NOT NULL,
      street TEXT NOT NULL,
      city TEXT NOT NULL,
      postal_code TEXT NOT NULL,
      country TEXT NOT NULL,
      vat_id TEXT NOT NULL,
      registration TEXT NOT NULL,
      email TEXT NOT NULL
    """
}
