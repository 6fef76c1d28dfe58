import Storage

/// The tables of `evaluation.sqlite`. A migration that was released is never edited; a change is a
/// new one.
///
/// Times are unix milliseconds, UTC. Scores are the bit patterns of Float64 as integers: what was
/// computed is what is read, to the last bit and the sign of zero.
public enum EvaluationSchema {
  /// Marks the file as Evaluation's: "AEVA".
  public static let applicationID: Int32 = 0x4145_5641

  public static let migrations = [
    Migration(1, "datasets", datasets),
    Migration(2, "use cases", useCases),
    Migration(3, "submissions and evaluations", submissions),
  ]

  private static let datasets = """
    CREATE TABLE dataset (
      sequence    INTEGER PRIMARY KEY,
      id          TEXT    NOT NULL UNIQUE,
      tenant      TEXT    NOT NULL,
      sha256      BLOB    NOT NULL,
      create_time INTEGER NOT NULL,
      -- assay.evaluation.v1.Dataset
      summary     BLOB    NOT NULL
    ) STRICT;
    CREATE INDEX dataset_by_tenant ON dataset (tenant, sequence);
    CREATE INDEX dataset_by_hash ON dataset (sha256);
    """

  private static let useCases = """
    CREATE TABLE use_case (
      id               TEXT    PRIMARY KEY NOT NULL,
      version          INTEGER NOT NULL,
      tenant           TEXT    NOT NULL,
      title            TEXT    NOT NULL,
      task             INTEGER NOT NULL,
      is_public        INTEGER NOT NULL,
      state            INTEGER NOT NULL,
      start_time       INTEGER,
      end_time         INTEGER,
      limit_per_day    INTEGER NOT NULL,
      limit_total      INTEGER NOT NULL,
      limit_concurrent INTEGER NOT NULL,
      train_dataset_id TEXT    NOT NULL,
      test_dataset_id  TEXT    NOT NULL,
      -- assay.catalog.v1.MetricChoice
      metric           BLOB    NOT NULL
    ) STRICT;
    CREATE TABLE participant (
      use_case_id TEXT NOT NULL REFERENCES use_case (id),
      id          TEXT NOT NULL,
      tenant      TEXT NOT NULL,
      name        TEXT NOT NULL,
      PRIMARY KEY (use_case_id, id)
    ) STRICT;
    CREATE TABLE member (
      use_case_id    TEXT NOT NULL,
      tenant         TEXT NOT NULL,
      email          TEXT NOT NULL,
      participant_id TEXT NOT NULL,
      PRIMARY KEY (use_case_id, tenant, email),
      FOREIGN KEY (use_case_id, participant_id) REFERENCES participant (use_case_id, id)
    ) STRICT;
    CREATE INDEX member_by_participant ON member (use_case_id, participant_id);
    """

  private static let submissions = """
    CREATE TABLE submission (
      sequence         INTEGER PRIMARY KEY,
      id               TEXT    NOT NULL UNIQUE,
      use_case_id      TEXT    NOT NULL REFERENCES use_case (id),
      participant_id   TEXT    NOT NULL,
      participant_name TEXT    NOT NULL,
      tenant           TEXT    NOT NULL,
      email            TEXT    NOT NULL,
      note             TEXT    NOT NULL,
      file_name        TEXT    NOT NULL,
      idempotency_key  TEXT,
      sha256           BLOB    NOT NULL,
      size_bytes       INTEGER NOT NULL,
      row_count        INTEGER NOT NULL,
      submit_time      INTEGER NOT NULL,
      -- 0 once the slot was given back
      takes_slot       INTEGER NOT NULL,
      UNIQUE (use_case_id, participant_id, idempotency_key)
    ) STRICT;
    CREATE INDEX submission_by_time ON submission (use_case_id, participant_id, submit_time);
    CREATE INDEX submission_by_hash ON submission (sha256);

    -- A scored attempt at a submission, with the metric version and truth that it was scored by.
    CREATE TABLE evaluation (
      sequence          INTEGER PRIMARY KEY,
      id                TEXT    NOT NULL UNIQUE,
      submission_id     TEXT    NOT NULL REFERENCES submission (id),
      -- 1 for the one that the leaderboard shows
      is_current        INTEGER NOT NULL,
      task              INTEGER NOT NULL,
      metric            BLOB    NOT NULL,
      metric_version    INTEGER NOT NULL,
      dataset_id        TEXT    NOT NULL REFERENCES dataset (id),
      dataset_sha256    BLOB    NOT NULL,
      -- of the training dataset, for metrics that look at what came before
      history_sha256    BLOB,
      -- SubmissionState: 1 queued, 2 running, 3 scored, 4 failed
      state             INTEGER NOT NULL,
      state_reason      TEXT    NOT NULL,
      queue_time        INTEGER NOT NULL,
      times_passed_over INTEGER NOT NULL,
      attempt           INTEGER NOT NULL,
      fencing_token     INTEGER NOT NULL,
      lease_id          TEXT    UNIQUE,
      worker            TEXT,
      lease_expire_time INTEGER,
      finish_time       INTEGER,
      score_bits        INTEGER,
      undefined_reason  TEXT    NOT NULL,
      -- assay.evaluation.v1.WorkerMessage.Result, as the worker sent it
      result            BLOB
    ) STRICT;
    CREATE UNIQUE INDEX evaluation_current ON evaluation (submission_id) WHERE is_current = 1;
    CREATE INDEX evaluation_by_state ON evaluation (state, sequence);
    CREATE INDEX evaluation_by_worker ON evaluation (worker) WHERE state = 2;
    """
}
