/// The tables by which an audit notices that a price, an invoice or a payment was changed, added
/// or taken away past the service, and what refuses it in the database already.
enum SealSchema {
  static let tables = """
    -- The place of a row in its table's chain: each digest covers the one before. See `SealStore`.
    CREATE TABLE seals (
      chain TEXT NOT NULL,
      position INTEGER NOT NULL,
      key TEXT NOT NULL,
      digest BLOB NOT NULL,
      PRIMARY KEY (chain, position),
      UNIQUE (chain, key)
    ) STRICT, WITHOUT ROWID;
    \(refuse("UPDATE", on: "seals", "a seal never changes"))
    \(refuse("DELETE", on: "seals", "a seal never goes"))
    \(refuseReplacement(on: "seals", """
      chain = NEW.chain AND (position = NEW.position OR key = NEW.key)
      """))

    -- Where each chain ends, so that a tail that was cut off is missed.
    CREATE TABLE chain_ends (
      chain TEXT NOT NULL PRIMARY KEY,
      count INTEGER NOT NULL,
      last TEXT NOT NULL,
      digest BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER chain_ends_only_grow BEFORE UPDATE ON chain_ends
      WHEN NEW.chain != OLD.chain OR NEW.count != OLD.count + 1
      BEGIN SELECT RAISE(ABORT, 'a chain only grows'); END;
    \(refuse("DELETE", on: "chain_ends", "a chain never goes"))
    \(refuseReplacement(on: "chain_ends", "chain = NEW.chain"))

    INSERT INTO chain_ends (chain, count, last, digest)
      SELECT 'invoices/' || series, count, number, digest FROM invoices i
      WHERE count = (SELECT max(count) FROM invoices l WHERE l.series = i.series);

    -- An INSERT OR REPLACE deletes without asking the triggers of deletion.
    \(refuseReplacement(on: "prices", "version = NEW.version"))
    \(refuseReplacement(on: "invoice_payments", "number = NEW.number"))
    \(refuse("UPDATE", on: "invoice_payments", "a payment never changes"))
    \(refuse("DELETE", on: "invoice_payments", "a payment never goes"))
    CREATE TRIGGER invoices_follow BEFORE INSERT ON invoices
      WHEN NEW.position != (SELECT ifnull(max(position), 0) + 1 FROM invoices)
      BEGIN SELECT RAISE(ABORT, 'an invoice follows the last'); END;
    \(refuseReplacement(on: "invoices", """
      number = NEW.number OR (series = NEW.series AND count = NEW.count)
            OR (corrects != '' AND corrects = NEW.corrects AND kind = NEW.kind)
      """))

    -- Every cut, where there was the last alone: which usage row an entry belongs to can be told
    -- from the journal.
    ALTER TABLE usage_cuts RENAME TO last_cuts;
    CREATE TABLE usage_cuts (
      tenant TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      PRIMARY KEY (tenant, sequence)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO usage_cuts (tenant, sequence)
      SELECT tenant, sequence FROM last_cuts UNION SELECT tenant, cut FROM usage WHERE cut > 0;
    DROP TABLE last_cuts;
    \(refuse("UPDATE", on: "usage_cuts", "a cut never changes"))
    \(refuse("DELETE", on: "usage_cuts", "a cut never goes"))
    """

  /// What migrations leave to the program, for SQL can neither hash nor read documents: done, once,
  /// when the service next opens the file. See `SealStore.sealWhatIsThere`.
  static let unsealed = """
    CREATE TABLE unsealed (chain TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
    \(leaveUnsealed(SealedTable.ofFirstSeals.map(\.rawValue) + [SealStore.cuts]))
    \(refuse("UPDATE", on: "unsealed", "what is sealed is not sealed again"))
    """

  /// For a migration that adds sealed tables: their rows are sealed when the file is next opened.
  static func leaveUnsealed(_ chains: [String]) -> String {
    """
    DROP TRIGGER IF EXISTS unsealed_refuse_insert;
    INSERT INTO unsealed (chain)
      SELECT column1 FROM (VALUES \(chains.map { "('\($0)')" }.joined(separator: ", ")))
      WHERE column1 NOT IN (SELECT chain FROM chain_ends);
    \(refuse("INSERT", on: "unsealed", "what is sealed is not sealed again"))
    """
  }

  static func refuse(_ event: String, on table: String, _ reason: String) -> String {
    """
    CREATE TRIGGER \(table)_refuse_\(event.lowercased()) BEFORE \(event) ON \(table)
      BEGIN SELECT RAISE(ABORT, '\(reason)'); END;
    """
  }

  /// - Parameter same: which row an INSERT OR REPLACE of the row NEW would take away.
  static func refuseReplacement(on table: String, _ same: String) -> String {
    """
    CREATE TRIGGER \(table)_refuse_replacement BEFORE INSERT ON \(table)
      WHEN EXISTS (SELECT 1 FROM \(table) WHERE \(same))
      BEGIN SELECT RAISE(ABORT, 'what is there is never replaced'); END;
    """
  }
}
