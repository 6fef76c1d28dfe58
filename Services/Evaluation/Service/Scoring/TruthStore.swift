import API
import Crypto
import Formats
import Identity
import Metrics
import RPC
import ServiceKit
import Storage

/// Reads files against the truth on behalf of the service: what is wrong with them, before anything
/// is stored of them.
struct TruthStore: Sendable {
  let blobs: BlobStore
  let decoded: DecodedTruths

  /// Reads a whole dataset.
  ///
  /// - Throws: INVALID_ARGUMENT with the place of every fault.
  func readDataset(
    _ blob: Blob, fileName: String, task: MetricTask, classes: [String]
  ) async throws -> Dataset {
    let path = blobs.path(of: blob.digest)
    do {
      return try await Work.run {
        try DatasetReader.read(
          path: path, task: task, classes: classes.isEmpty ? nil : classes, limits: .defaults)
      }
    } catch let error as FormatError {
      throw error.rpcError(file: fileName)
    }
  }

  /// Checks a submission against the truth's ids and labels, and that the metric can be computed
  /// from its columns.
  ///
  /// - Returns: the number of rows.
  /// - Throws: INVALID_ARGUMENT with the place of every fault.
  func checkSubmission(
    _ blob: Blob, fileName: String, dataset: StoredDataset, metric: MetricDescription,
    parameters: [String: String]
  ) async throws -> Int {
    do throws(MetricError) {
      _ = try MetricParameters(text: parameters, for: metric)
    } catch {
      throw RPCError.failedPrecondition(
        "the use case's metric cannot be computed; its organiser must correct it: \(error)")
    }
    let truth = try await decoded.truth(
      DecodedTruths.Key(
        sha256: dataset.sha256, task: metric.task, classes: dataset.summary.classes),
      path: blobs.path(of: dataset.sha256), bytes: dataset.summary.sizeBytes)
    let path = blobs.path(of: blob.digest)
    do {
      return try await Work.run {
        let predictions = try PredictionsReader.read(path: path, for: truth)
        let scoring = try Self.joined(truth, predictions)
        guard scoring.input(for: metric) != nil else {
          throw Self.missingColumns(metric, fileName)
        }
        return truth.rowCount
      }
    } catch let error as FormatError {
      throw error.rpcError(file: fileName)
    }
  }

  private static func joined(
    _ truth: Dataset, _ predictions: Predictions
  ) throws -> ScoringInput {
    do throws(MetricError) {
      return try ScoringInput(truth, predictions)
    } catch {
      throw RPCError.invalidArgument("the file cannot be scored: \(error)")
    }
  }

  private static func missingColumns(_ metric: MetricDescription, _ file: String) -> RPCError {
    let inputs = metric.inputs.map(\.rawValue).joined(separator: ", ")
    return .invalidArgument(
      "\(metric.title), the metric of this use case, cannot be computed from the columns of the "
        + "file; it takes one of: \(inputs)",
      violations: [
        FieldViolation(
          field: file.isEmpty ? "the file" : file,
          description: "lacks columns for \(metric.id); expected \(inputs)", line: 1)
      ])
  }
}

extension Dataset {
  /// What is told of the dataset outside of this service.
  func summary(
    id: String, tenant: String, name: String, task: CatalogTask, blob: Blob, createTime: Int64
  ) -> EvaluationDataset {
    EvaluationDataset(
      id: id, tenant: tenant, name: name, task: task, rowCount: Int64(rowCount),
      columns: columns.map(\.name), classes: classes,
      classCounts: .init(
        Dictionary(classCounts.map { ($0.label, Int64($0.count)) }, uniquingKeysWith: +)),
      sizeBytes: blob.byteCount, sha256: blob.digest.hex,
      createTime: Google_Protobuf_Timestamp(unixMilliseconds: createTime))
  }
}
