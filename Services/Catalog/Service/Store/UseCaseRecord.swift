import CatalogDomain

/// A use case as it is stored.
struct UseCaseRecord: Sendable {
  var id: String
  var tenant: String
  var state: UseCaseState
  var content: UseCaseContent
  var files: [FileKind: StoredFile] = [:]
  /// Counts the changes that an etag stands for: content, files and state.
  var revision: Int64
  /// Version of the last snapshot sent to the other services; 0 before the first.
  var snapshotVersion: Int64
  var createTime: Int64
  var updateTime: Int64
  var publishTime: Int64?
  /// Invites that are not revoked.
  var inviteCount = 0
  var participantCount = 0

  var etag: String { Etag.of(useCaseID: id, revision: revision) }
}

/// A use case together with what the caller is to it.
struct SeenUseCase: Sendable {
  var record: UseCaseRecord
  var standing: Standing
}
