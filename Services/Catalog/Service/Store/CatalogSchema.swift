import Storage

/// The tables of catalog.sqlite. Migrations are only ever added to.
public enum CatalogSchema {
  /// "ACAT", so that another service's file is not taken for this one's.
  public static let applicationID: Int32 = 0x4143_4154

  public static let migrations = [
    Migration(1, "use cases", useCases),
    Migration(2, "invites and participants", joining),
    Migration(3, "audit trail", audit),
    Migration(4, "outbox", Outbox.schema),
    Migration(5, "mails", mails),
  ]

  private static let useCases = """
    CREATE TABLE settings (
      name TEXT PRIMARY KEY,
      value BLOB NOT NULL
    ) STRICT;
    CREATE TABLE use_cases (
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      state TEXT NOT NULL
        CHECK (state IN ('draft', 'published', 'paused', 'closed', 'archived')),
      title TEXT NOT NULL,
      task TEXT,
      privacy TEXT,
      train_metadataset_id TEXT NOT NULL,
      test_metadataset_id TEXT NOT NULL,
      metric BLOB,
      description TEXT NOT NULL,
      budget_participants INTEGER,
      budget_gflop_each INTEGER,
      start_ms INTEGER,
      end_ms INTEGER,
      limit_per_day INTEGER NOT NULL,
      limit_total INTEGER NOT NULL,
      limit_concurrent INTEGER NOT NULL,
      search_text TEXT NOT NULL,
      revision INTEGER NOT NULL,
      snapshot_version INTEGER NOT NULL,
      create_ms INTEGER NOT NULL,
      update_ms INTEGER NOT NULL,
      publish_ms INTEGER
    ) STRICT;
    CREATE INDEX use_cases_by_time ON use_cases (create_ms, id);
    CREATE INDEX use_cases_by_tenant ON use_cases (tenant, create_ms, id);
    CREATE INDEX use_cases_by_train ON use_cases (train_metadataset_id);
    CREATE INDEX use_cases_by_test ON use_cases (test_metadataset_id);
    CREATE TABLE use_case_files (
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      kind TEXT NOT NULL CHECK (kind IN ('cover', 'notebook')),
      name TEXT NOT NULL,
      media_type TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      PRIMARY KEY (use_case_id, kind)
    ) STRICT;
    CREATE TABLE metadatasets (
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      name TEXT NOT NULL,
      purpose TEXT NOT NULL CHECK (purpose IN ('train', 'test')),
      task TEXT NOT NULL,
      dataset_id TEXT NOT NULL,
      row_count INTEGER NOT NULL,
      summary BLOB NOT NULL,
      sha256 TEXT NOT NULL,
      create_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX metadatasets_by_tenant ON metadatasets (tenant, create_ms, id);
    """

  private static let joining = """
    CREATE TABLE participants (
      id TEXT PRIMARY KEY,
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      tenant TEXT NOT NULL,
      name TEXT NOT NULL,
      name_key TEXT NOT NULL,
      join_ms INTEGER NOT NULL,
      UNIQUE (use_case_id, name_key)
    ) STRICT;
    CREATE INDEX participants_by_time ON participants (use_case_id, join_ms, id);
    CREATE TABLE members (
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      tenant TEXT NOT NULL,
      email TEXT NOT NULL,
      participant_id TEXT NOT NULL REFERENCES participants (id),
      join_ms INTEGER NOT NULL,
      PRIMARY KEY (use_case_id, tenant, email)
    ) STRICT;
    CREATE INDEX members_by_participant ON members (participant_id, join_ms);
    CREATE TABLE invites (
      id TEXT PRIMARY KEY,
      use_case_id TEXT NOT NULL REFERENCES use_cases (id),
      email TEXT NOT NULL,
      answer TEXT NOT NULL CHECK (answer IN ('none', 'accepted', 'revoked')),
      participant_id TEXT REFERENCES participants (id),
      create_ms INTEGER NOT NULL,
      send_ms INTEGER,
      expire_ms INTEGER NOT NULL,
      mail_count INTEGER NOT NULL,
      UNIQUE (use_case_id, email),
      CHECK ((answer = 'accepted') = (participant_id IS NOT NULL))
    ) STRICT;
    CREATE INDEX invites_by_email ON invites (email, create_ms, id);
    """

  private static let audit = """
    CREATE TABLE audit_entries (
      sequence INTEGER PRIMARY KEY,
      tenant TEXT NOT NULL,
      use_case_id TEXT NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      detail TEXT NOT NULL,
      time_ms INTEGER NOT NULL,
      digest BLOB NOT NULL
    ) STRICT;
    CREATE INDEX audit_entries_by_use_case ON audit_entries (use_case_id, sequence);
    CREATE TABLE audit_head (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      sequence INTEGER NOT NULL,
      digest BLOB NOT NULL
    ) STRICT;
    """

  private static let mails = """
    CREATE TABLE mails (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      invite_id TEXT NOT NULL REFERENCES invites (id),
      recipient TEXT NOT NULL,
      subject TEXT NOT NULL,
      body TEXT NOT NULL,
      state TEXT NOT NULL
        CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'uncertain', 'withdrawn')),
      attempts INTEGER NOT NULL,
      due_ms INTEGER NOT NULL,
      create_ms INTEGER NOT NULL,
      end_ms INTEGER,
      error TEXT NOT NULL
    ) STRICT;
    CREATE INDEX mails_by_state ON mails (state, due_ms, id);
    CREATE INDEX mails_by_invite ON mails (invite_id);
    """
}
