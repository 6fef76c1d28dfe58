import API
import CatalogDomain
import Identity
import Storage

extension Transaction {
  /// Stores a new metadataset.
  func insert(_ metadataset: Metadataset) throws {
    let summary = CatalogMetadataset(
      columns: metadataset.columns, classCounts: .init(metadataset.classCounts))
    try execute(
      """
      INSERT INTO metadatasets (id, tenant, name, purpose, task, dataset_id, row_count, summary,
        sha256, create_ms)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """, metadataset.id, metadataset.tenant, metadataset.name, metadataset.purpose.rawValue,
      metadataset.task.rawValue, metadataset.datasetID, metadataset.rowCount,
      summary.serialized(), metadataset.sha256, metadataset.createTime)
  }
}

extension Reader {
  /// A metadataset of a tenant.
  func metadataset(_ id: String, of tenant: String) throws -> Metadataset? {
    try queryOne(
      "SELECT * FROM metadatasets WHERE id = ?1 AND tenant = ?2", id, tenant,
      row: Self.metadataset)
  }

  /// The same registration made before, if there is one.
  func metadataset(
    named name: String, _ purpose: Purpose, of datasetID: String, in scope: TenantScope
  ) throws -> Metadataset? {
    try queryOne(
      """
      SELECT * FROM metadatasets
      WHERE tenant = ?1 AND name = ?2 AND purpose = ?3 AND dataset_id = ?4 ORDER BY id
      """, scope.tenant, name, purpose.rawValue, datasetID, row: Self.metadataset)
  }

  /// A metadataset that the caller may see: the own tenant's, or that of a use case which the
  /// caller sees, less what only the owner may know.
  func metadataset(_ id: String, seenBy scope: TenantScope, now: Int64) throws -> Metadataset {
    let found = try queryOne(
      "SELECT * FROM metadatasets WHERE id = ?1", id, row: Self.metadataset)
    if let found, found.tenant == scope.tenant, scope.isStaff { return found }
    guard let found, try isMetadatasetSeen(found, by: scope, now: now) else {
      throw CatalogError.notFound(kind: "metadataset", name: id)
    }
    return found.publicView
  }

  /// One page of the caller's tenant's metadatasets, newest first; one more if there is more.
  func metadatasets(
    of scope: TenantScope, after position: PagePosition?, count: Int
  ) throws -> [Metadataset] {
    let last = position ?? PagePosition(order: .max, id: "")
    return try query(
      """
      SELECT * FROM metadatasets
      WHERE tenant = ?1 AND (create_ms < ?2 OR (create_ms = ?2 AND id < ?3))
      ORDER BY create_ms DESC, id DESC LIMIT ?4
      """, scope.tenant, last.order, last.id, count + 1, row: Self.metadataset)
  }

  private static func metadataset(_ row: Row) throws -> Metadataset {
    let summary = try CatalogMetadataset(serialized: row.blob("summary"))
    return Metadataset(
      id: try row.text("id"), tenant: try row.text("tenant"), name: try row.text("name"),
      purpose: try StoredValue.parse(row.text("purpose")),
      task: try StoredValue.parse(row.text("task")), datasetID: try row.text("dataset_id"),
      rowCount: try row.int64("row_count"), columns: summary.columns,
      classCounts: summary.classCounts.dictionary, sha256: try row.text("sha256"),
      createTime: try row.int64("create_ms"))
  }
}
