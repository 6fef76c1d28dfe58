import Storage

/// The tables of compute.sqlite.
enum ComputeSchema {
  /// "ACMP": marks the file as this service's.
  static let applicationID: Int32 = 0x4143_4D50

  static let migrations = [
    Migration(1, "ledger", ledger),
    Migration(2, "use cases and runs", useCases),
    Migration(3, "answers", answers),
    Migration(4, "budgets and alerts", budgets),
    Migration(5, "billing", BillingSchema.tables),
    Migration(6, "pauses of organisers", pauses),
    Migration(7, "confirmations of buyers", BillingSchema.confirmations),
    Migration(8, "seals", SealSchema.tables),
    Migration(9, "runs that are due", sweeps),
    Migration(10, "what is not sealed yet", SealSchema.unsealed),
    Migration(11, "versions of parties", PartySchema.tables),
    Migration(12, "answers in segments", answerSegments),
  ]

  /// The journal is the ledger: groups of entries, only ever inserted. Balances, runs and usage are
  /// made of it as far as `ledger_position` says, so that each is one row away; `verify` compares.
  private static let ledger = """
    CREATE TABLE prices (
      version TEXT NOT NULL PRIMARY KEY,
      valid_from INTEGER NOT NULL,
      nano_euro_per_gflop INTEGER NOT NULL CHECK (nano_euro_per_gflop >= 0)
    ) STRICT;
    INSERT INTO prices (version, valid_from, nano_euro_per_gflop) VALUES ('standard-1', 0, 25);

    CREATE TABLE journal (
      id INTEGER NOT NULL PRIMARY KEY,
      tenant TEXT NOT NULL,
      first INTEGER NOT NULL,
      count INTEGER NOT NULL CHECK (count > 0),
      entries BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX journal_by_tenant ON journal (tenant, first);

    CREATE TABLE heads (
      tenant TEXT NOT NULL PRIMARY KEY,
      sequence INTEGER NOT NULL,
      digest BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE ledger_position (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      flushed INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE balances (
      use_case_id TEXT NOT NULL,
      participant_id TEXT NOT NULL,
      kind TEXT NOT NULL,
      price_version TEXT NOT NULL,
      gflop INTEGER NOT NULL,
      PRIMARY KEY (use_case_id, participant_id, kind, price_version),
      CHECK (CASE WHEN kind IN ('granted', 'unfunded') THEN gflop <= 0 ELSE gflop >= 0 END)
    ) STRICT, WITHOUT ROWID;

    -- What was used, by quarters of an hour. `cut` is the tenant's last entry at its last invoice
    -- before, so that what came in later has rows of its own.
    CREATE TABLE usage (
      tenant TEXT NOT NULL,
      cut INTEGER NOT NULL,
      quarter INTEGER NOT NULL,
      use_case_id TEXT NOT NULL,
      participant_id TEXT NOT NULL,
      run_id TEXT NOT NULL,
      price_version TEXT NOT NULL,
      gflop INTEGER NOT NULL,
      PRIMARY KEY (tenant, cut, quarter, use_case_id, participant_id, run_id, price_version)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX usage_by_use_case ON usage (use_case_id, quarter);

    CREATE TABLE usage_cuts (
      tenant TEXT NOT NULL PRIMARY KEY,
      sequence INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
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
      start_time INTEGER NOT NULL,
      state TEXT NOT NULL,
      state_words TEXT NOT NULL,
      counter_gflop INTEGER NOT NULL,
      used_gflop INTEGER NOT NULL,
      held_gflop INTEGER NOT NULL,
      late_gflop INTEGER NOT NULL,
      last_report_time INTEGER NOT NULL,
      metered_time INTEGER NOT NULL,
      end_time INTEGER
    ) STRICT;
    CREATE INDEX runs_by_use_case ON runs (use_case_id, start_time, id);
    CREATE INDEX runs_live ON runs (use_case_id, id) WHERE state IN ('running', 'paused');
    """

  /// A run that an organiser has paused lives, too.
  private static let pauses = """
    DROP INDEX runs_live;
    CREATE INDEX runs_live ON runs (use_case_id, id)
      WHERE state IN ('running', 'paused', 'paused-organiser');
    """

  /// What the keeper of holds looks for twice a second is found without a look at anything else.
  private static let sweeps = """
    CREATE INDEX use_cases_by_end ON use_cases (end_time, id) WHERE end_time IS NOT NULL;
    CREATE INDEX runs_by_last_report ON runs (last_report_time, use_case_id, id)
      WHERE state = 'running';
    """

  /// What was answered to commands with an idempotency key; see `AnswerLog`.
  private static let answers = """
    CREATE TABLE answers (
      first INTEGER NOT NULL PRIMARY KEY,
      count INTEGER NOT NULL,
      bytes BLOB NOT NULL
    ) STRICT;

    CREATE TABLE answer_keys (
      hash INTEGER NOT NULL,
      number INTEGER NOT NULL,
      PRIMARY KEY (hash, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE answer_position (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      indexed INTEGER NOT NULL
    ) STRICT;
    """

  /// See `AnswerIndex`; when the service starts, it is made anew of all answers there are.
  ///
  /// A row has pairs of a hash and an answer's number, both of 64 bits, little-endian, sorted; rows
  /// of one segment follow each other. The hash is multiplied by the number here, which is odd.
  /// `through` has for each of 256 ranges the number of the first answer that may be missing.
  private static let answerSegments = """
    DROP TABLE answer_keys;
    DROP TABLE answer_position;

    CREATE TABLE answer_index (
      id INTEGER NOT NULL PRIMARY KEY,
      segment INTEGER NOT NULL,
      entries BLOB NOT NULL
    ) STRICT;

    CREATE TABLE answer_index_state (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      through BLOB NOT NULL,
      multiplier INTEGER NOT NULL
    ) STRICT;
    INSERT INTO answer_index_state (id, through, multiplier)
      VALUES (1, zeroblob(2048), random() | 1);
    """

  private static let budgets = """
    ALTER TABLE use_cases ADD COLUMN topped_up_gflop INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE use_cases ADD COLUMN thresholds TEXT NOT NULL DEFAULT '50,80,100';

    CREATE TABLE adjustments (
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      participant_id TEXT NOT NULL,
      gflop INTEGER NOT NULL,
      PRIMARY KEY (use_case_id, participant_id)
    ) STRICT, WITHOUT ROWID;

    -- Every alert that was told; `is_armed` once a raise has made it possible again.
    CREATE TABLE alerts (
      id INTEGER NOT NULL PRIMARY KEY,
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      participant_id TEXT NOT NULL,
      threshold INTEGER NOT NULL,
      used_gflop INTEGER NOT NULL,
      total_gflop INTEGER NOT NULL,
      time INTEGER NOT NULL,
      is_armed INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX alerts_by_use_case ON alerts (use_case_id, id);
    """
}
