import Storage

/// The tables of compute.sqlite.
enum ComputeSchema {
  /// "ACMP": marks the file as this service's.
  static let applicationID: Int32 = 0x4143_4D50

  static let migrations = [
    Migration(1, "ledger", ledger),
    Migration(2, "use cases and runs", useCases),
    Migration(3, "commands", commands),
  ]

  /// Entries and postings are only ever inserted. Balances are their sums, kept so that each is
  /// one row away; `verify` compares the two.
  private static let ledger = """
    CREATE TABLE prices (
      version TEXT NOT NULL PRIMARY KEY,
      valid_from INTEGER NOT NULL,
      nano_euro_per_gflop INTEGER NOT NULL CHECK (nano_euro_per_gflop >= 0)
    ) STRICT;
    INSERT INTO prices (version, valid_from, nano_euro_per_gflop) VALUES ('standard-1', 0, 25);

    CREATE TABLE entries (
      sequence INTEGER NOT NULL PRIMARY KEY,
      cause TEXT NOT NULL,
      idempotency_key TEXT NOT NULL,
      tenant TEXT NOT NULL,
      use_case_id TEXT NOT NULL,
      participant_id TEXT NOT NULL,
      run_id TEXT NOT NULL,
      actor TEXT NOT NULL,
      provenance TEXT,
      meter TEXT,
      counter_gflop INTEGER,
      price_version TEXT REFERENCES prices (version),
      trace TEXT NOT NULL,
      time INTEGER NOT NULL,
      previous BLOB NOT NULL,
      digest BLOB NOT NULL,
      UNIQUE (tenant, idempotency_key)
    ) STRICT;
    CREATE INDEX entries_by_use_case ON entries (use_case_id, time);

    CREATE TABLE postings (
      sequence INTEGER NOT NULL REFERENCES entries (sequence),
      position INTEGER NOT NULL,
      kind TEXT NOT NULL,
      use_case_id TEXT NOT NULL,
      participant_id TEXT NOT NULL,
      price_version TEXT NOT NULL,
      gflop INTEGER NOT NULL,
      PRIMARY KEY (sequence, position)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE balances (
      use_case_id TEXT NOT NULL,
      participant_id TEXT NOT NULL,
      kind TEXT NOT NULL,
      price_version TEXT NOT NULL,
      gflop INTEGER NOT NULL,
      PRIMARY KEY (use_case_id, participant_id, kind, price_version),
      CHECK (CASE WHEN kind IN ('granted', 'unfunded') THEN gflop <= 0 ELSE gflop >= 0 END)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE head (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      sequence INTEGER NOT NULL,
      digest BLOB NOT NULL
    ) STRICT;
    """

  /// A participant that left keeps its row, for the bill still names it.
  private static let useCases = """
    CREATE TABLE use_cases (
      id TEXT NOT NULL PRIMARY KEY,
      version INTEGER NOT NULL,
      tenant TEXT NOT NULL,
      title TEXT NOT NULL,
      phase TEXT NOT NULL,
      start_time INTEGER,
      end_time INTEGER,
      planned_participants INTEGER NOT NULL,
      gflop_each INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX use_cases_by_tenant ON use_cases (tenant, id);

    CREATE TABLE participants (
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      id TEXT NOT NULL,
      tenant TEXT NOT NULL,
      name TEXT NOT NULL,
      joined INTEGER NOT NULL,
      is_member INTEGER NOT NULL,
      PRIMARY KEY (use_case_id, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE participant_emails (
      use_case_id TEXT NOT NULL,
      participant_id TEXT NOT NULL,
      email TEXT NOT NULL,
      PRIMARY KEY (use_case_id, participant_id, email),
      FOREIGN KEY (use_case_id, participant_id) REFERENCES participants (use_case_id, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE runs (
      id TEXT NOT NULL PRIMARY KEY,
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      participant_id TEXT NOT NULL,
      started_by TEXT NOT NULL,
      note TEXT NOT NULL,
      gflop_per_second INTEGER NOT NULL,
      state TEXT NOT NULL,
      stop_words TEXT,
      counter_gflop INTEGER NOT NULL,
      used_gflop INTEGER NOT NULL,
      held_gflop INTEGER NOT NULL,
      late_gflop INTEGER NOT NULL,
      start_time INTEGER NOT NULL,
      last_report_time INTEGER NOT NULL,
      end_time INTEGER
    ) STRICT;
    CREATE INDEX runs_by_use_case ON runs (use_case_id, start_time, id);
    CREATE INDEX runs_live ON runs (last_report_time) WHERE state = 'running';
    """

  private static let commands = """
    CREATE TABLE commands (
      tenant TEXT NOT NULL,
      idempotency_key TEXT NOT NULL,
      request BLOB NOT NULL,
      response BLOB NOT NULL,
      time INTEGER NOT NULL,
      PRIMARY KEY (tenant, idempotency_key)
    ) STRICT, WITHOUT ROWID;
    """
}
