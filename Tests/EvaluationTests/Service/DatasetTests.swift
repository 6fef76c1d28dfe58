import API
import Identity
import RPC
import Testing

@testable import EvaluationService

@Suite("Service: datasets")
struct DatasetTests {
  @Test("A summary tells rows, columns, classes and hash, and nothing of the rows")
  func summary() async throws {
    try await withInstallation { it in
      let dataset = try await it.ingest(Installation.truth)
      #expect(dataset.tenant == "clinic")
      #expect(dataset.rowCount == 4)
      #expect(dataset.columns == ["id", "label"])
      #expect(dataset.classes == ["benign", "malignant"])
      #expect(dataset.classCounts == ["benign": 2, "malignant": 2])
      #expect(dataset.sizeBytes == Int64(Installation.truth.utf8.count))
      let read = try await EvaluationDatasetsClient(it.channel).getDataset(
        EvaluationGetDatasetRequest(id: dataset.id), options: it.options(.organiser))
      #expect(read == dataset)
      #expect(read.createTime?.unixMilliseconds == Installation.noon)
    }
  }

  @Test("Another tenant's dataset does not exist, neither by id nor in the list")
  func otherTenant() async throws {
    try await withInstallation { it in
      let dataset = try await it.ingest(Installation.truth)
      let client = EvaluationDatasetsClient(it.channel)
      let hidden = await refusal(.notFound) {
        try await client.getDataset(
          EvaluationGetDatasetRequest(id: dataset.id), options: it.options(.stranger))
      }
      #expect(hidden == RPCError.notFound("dataset", dataset.id))
      let list = try await client.listDatasets(
        EvaluationListDatasetsRequest(), options: it.options(.stranger))
      #expect(list.datasets.isEmpty)
    }
  }

  @Test("Faults come with line and column, all of them at once, and nothing is stored")
  func faults() async throws {
    try await withInstallation { it in
      let error = await refusal(.invalidArgument) {
        try await it.ingest("id,label\nr1,benign\nr1,malignant\n,benign\n")
      }
      #expect(error.details.fieldViolations.map(\.line) == [3, 4])
      #expect(error.details.fieldViolations.allSatisfy { $0.column == 1 })
      let stored = try await it.blobs.list()
      #expect(stored.isEmpty)
      let list = try await EvaluationDatasetsClient(it.channel).listDatasets(
        EvaluationListDatasetsRequest(), options: it.options(.organiser))
      #expect(list.datasets.isEmpty)
    }
  }

  @Test("A file over the limit is refused with limit, size and setting; nothing is stored")
  func tooLarge() async throws {
    var settings = EvaluationServer.Settings()
    settings.maximumDatasetBytes = 20
    try await withInstallation(settings: settings) { it in
      let error = await refusal(.resourceExhausted) { try await it.ingest(Installation.truth) }
      #expect(error.details.limit?.limit == 20)
      #expect(error.details.limit?.setting == "--maximum-dataset-bytes")
      let stored = try await it.blobs.list()
      #expect(stored.isEmpty)
    }
  }

  @Test("An empty file, a missing header and an unknown task are named")
  func badUploads() async throws {
    try await withInstallation { it in
      _ = await refusal(.invalidArgument) { try await it.ingest("") }
      _ = await refusal(.invalidArgument) { try await it.ingest("x", task: .unspecified) }
      let client = EvaluationDatasetsClient(it.channel)
      _ = await refusal(.invalidArgument) {
        try await client.ingestDataset(options: it.options(.organiser)) { writer in
          try await writer.send(EvaluationIngestDatasetRequest(part: .chunk([1])))
        }
      }
    }
  }

  @Test("A faulty file that equals a stored one byte by byte leaves the stored one alone")
  func sharedContent() async throws {
    try await withInstallation { it in
      _ = try await it.ingest(Installation.truth)
      _ = await refusal(.invalidArgument) {
        // The same bytes do not fit this task.
        try await it.ingest(Installation.truth, task: .tabularRegression)
      }
      #expect(try await it.blobs.list().count == 1)
    }
  }

  @Test("Pages follow each other, newest first")
  func pages() async throws {
    try await withInstallation { it in
      for index in 1...5 { _ = try await it.ingest(Installation.truth, name: "d\(index)") }
      let client = EvaluationDatasetsClient(it.channel)
      var names: [[String]] = []
      var token = ""
      repeat {
        let page = try await client.listDatasets(
          EvaluationListDatasetsRequest(pageSize: 2, pageToken: token),
          options: it.options(.organiser))
        names.append(page.datasets.map(\.name))
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(names == [["d5", "d4"], ["d3", "d2"], ["d1"]])
      _ = await refusal(.invalidArgument) {
        try await client.listDatasets(
          EvaluationListDatasetsRequest(pageToken: "???"), options: it.options(.organiser))
      }
    }
  }

  @Test("Contents that nothing refers to are removed at the start")
  func orphans() async throws {
    try await withInstallation { it in
      let kept = try await it.ingest(Installation.truth)
      _ = try await it.blobs.put(Array("left behind".utf8))
      #expect(try await it.server.pins.removeOrphans() == 1)
      #expect(try await it.blobs.list().map(\.hex) == [kept.sha256])
    }
  }
}
