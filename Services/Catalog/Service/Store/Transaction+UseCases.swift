import API
import CatalogDomain
import Storage

extension Transaction {
  /// Stores a new use case.
  func insert(_ record: UseCaseRecord) throws {
    try execute(
      """
      INSERT INTO use_cases (id, state, title, task, privacy, train_metadataset_id,
        test_metadataset_id, metric, description, budget_participants, budget_gflop_each,
        start_ms, end_ms, limit_per_day, limit_total, limit_concurrent, search_text, revision,
        snapshot_version, update_ms, publish_ms, tenant, create_ms)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
        ?19, ?20, ?21, ?22, ?23)
      """,
      arguments: arguments(of: record) + [record.tenant, record.createTime])
    for (kind, file) in record.files { try store(file, as: kind, of: record.id) }
  }

  /// Stores a changed use case; its files are stored apart.
  func update(_ record: UseCaseRecord) throws {
    try execute(
      """
      UPDATE use_cases SET state = ?2, title = ?3, task = ?4, privacy = ?5,
        train_metadataset_id = ?6, test_metadataset_id = ?7, metric = ?8, description = ?9,
        budget_participants = ?10, budget_gflop_each = ?11, start_ms = ?12, end_ms = ?13,
        limit_per_day = ?14, limit_total = ?15, limit_concurrent = ?16, search_text = ?17,
        revision = ?18, snapshot_version = ?19, update_ms = ?20, publish_ms = ?21
      WHERE id = ?1
      """, arguments: arguments(of: record))
  }

  private func arguments(of record: UseCaseRecord) -> [(any SQLBindable)?] {
    let content = record.content
    let metric = content.metric.map { choice in
      CatalogMetricChoice(metric: choice.metric, parameters: .init(choice.parameters)).serialized()
    }
    return [
      record.id, record.state.rawValue, content.title, content.task?.rawValue,
      content.privacy?.rawValue, content.trainMetadatasetID, content.testMetadatasetID, metric,
      content.description, content.budget?.participants, content.budget?.gflopEach,
      content.startTime, content.endTime, content.limits.perDay, content.limits.total,
      content.limits.concurrent, SearchQuery.searchText(of: content), record.revision,
      record.snapshotVersion, record.updateTime, record.publishTime,
    ]
  }

  /// Stores or replaces a file of a use case.
  func store(_ file: StoredFile, as kind: FileKind, of useCaseID: String) throws {
    try execute(
      """
      INSERT INTO use_case_files (use_case_id, kind, name, media_type, size_bytes, sha256, width,
        height)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (use_case_id, kind) DO UPDATE SET name = excluded.name,
        media_type = excluded.media_type, size_bytes = excluded.size_bytes,
        sha256 = excluded.sha256, width = excluded.width, height = excluded.height
      """, useCaseID, kind.rawValue, file.name, file.mediaType, file.sizeBytes, file.sha256,
      file.width, file.height)
  }
}

extension Reader {
  /// The files of a use case.
  func files(of useCaseID: String) throws -> [FileKind: StoredFile] {
    var files: [FileKind: StoredFile] = [:]
    try forEach("SELECT * FROM use_case_files WHERE use_case_id = ?1", useCaseID) { row in
      files[try StoredValue.parse(row.text("kind"))] = StoredFile(
        name: try row.text("name"), mediaType: try row.text("media_type"),
        sizeBytes: try row.int64("size_bytes"), sha256: try row.text("sha256"),
        width: try row.int("width"), height: try row.int("height"))
    }
    return files
  }

  /// Hashes of all files that some use case has.
  func fileHashes() throws -> Set<String> {
    Set(try query("SELECT DISTINCT sha256 FROM use_case_files") { try $0.text(0) })
  }
}
