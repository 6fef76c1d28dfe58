import API
import Crypto
import Identity
import Storage

/// A dataset as it is stored.
struct StoredDataset: Sendable {
  var sequence: Int64
  var sha256: Digest
  var summary: EvaluationDataset
}

/// The `dataset` table.
enum DatasetTable {
  static func insert(
    _ tx: Transaction, _ summary: EvaluationDataset, sha256: Digest, createTime: Int64
  ) throws {
    try tx.execute(
      """
      INSERT INTO dataset (id, tenant, sha256, create_time, summary) VALUES (?1, ?2, ?3, ?4, ?5)
      """, summary.id, summary.tenant, sha256, createTime, summary.serialized())
  }

  /// The caller's own; nil for any other tenant's, as for one that does not exist.
  static func find(_ db: Reader, id: String, scope: TenantScope) throws -> StoredDataset? {
    try find(db, id: id, tenant: scope.tenant)
  }

  /// The test dataset of a use case, which must be its own tenant's.
  static func find(_ db: Reader, testDatasetOf useCase: StoredUseCase) throws -> StoredDataset? {
    try find(db, id: useCase.testDatasetID, tenant: useCase.rules.tenant)
  }

  /// The training dataset of a use case, where its metrics may look at what came before.
  static func find(_ db: Reader, historyOf useCase: StoredUseCase) throws -> StoredDataset? {
    guard useCase.task == .timeSeriesForecasting else { return nil }
    return try find(db, id: useCase.trainDatasetID, tenant: useCase.rules.tenant)
  }

  private static func find(_ db: Reader, id: String, tenant: String) throws -> StoredDataset? {
    try db.queryOne(
      "SELECT sequence, sha256, summary FROM dataset WHERE id = ?1 AND tenant = ?2", id, tenant,
      row: stored)
  }

  /// The caller's own, newest first.
  static func list(_ db: Reader, scope: TenantScope, page: PageToken) throws -> [StoredDataset] {
    try db.query(
      """
      SELECT sequence, sha256, summary FROM dataset
      WHERE tenant = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3
      """, scope.tenant, page.before, page.rowLimit, row: stored)
  }

  private static func stored(_ row: Row) throws -> StoredDataset {
    StoredDataset(
      sequence: try row.int64("sequence"), sha256: try row.digest("sha256"),
      summary: try EvaluationDataset(serialized: row.blob("summary")))
  }
}

/// Which blobs the database refers to.
enum BlobReferences {
  static func exist(_ db: Reader, to digest: Digest) throws -> Bool {
    let isDataset = try db.exists("SELECT 1 FROM dataset WHERE sha256 = ?1", digest)
    return try isDataset || db.exists("SELECT 1 FROM submission WHERE sha256 = ?1", digest)
  }

  static func all(_ db: Reader) throws -> [Digest] {
    try db.query("SELECT sha256 FROM dataset UNION SELECT sha256 FROM submission") {
      try $0.digest("sha256")
    }
  }
}
