/// What the four steps ask for. Any part may be missing while the use case is a draft.
public struct UseCaseContent: Hashable, Sendable {
  /// Empty while it is missing, as are the other texts.
  public var title = ""
  public var task: UseCaseTask?
  public var privacy: Privacy?
  public var trainMetadatasetID = ""
  public var testMetadatasetID = ""
  public var metric: MetricChoice?
  /// Markdown.
  public var description = ""
  public var budget: ComputeBudget?
  /// Unix milliseconds; without one the use case starts when it is published.
  public var startTime: Int64?
  /// Unix milliseconds.
  public var endTime: Int64?
  public var limits = SubmissionLimits()

  public init() {}
}

/// A metric of the task's catalogue with its parameters, as text (`average` = `macro`).
public struct MetricChoice: Hashable, Sendable {
  public var metric: String
  public var parameters: [String: String]

  public init(metric: String, parameters: [String: String] = [:]) {
    self.metric = metric
    self.parameters = parameters
  }
}

/// Compute that the organiser pays for: a number of teams, and GFLOP for each.
public struct ComputeBudget: Hashable, Sendable {
  public var participants: Int64
  public var gflopEach: Int64

  public init(participants: Int64, gflopEach: Int64) {
    self.participants = participants
    self.gflopEach = gflopEach
  }
}

/// How often a team may submit.
public struct SubmissionLimits: Hashable, Sendable {
  /// Per team and UTC day; 0 means the default.
  public var perDay: Int64
  /// Per team over the whole time; 0 means no limit.
  public var total: Int64
  /// Waiting or being scored at once, per team; 0 means the default.
  public var concurrent: Int64

  public init(perDay: Int64 = 0, total: Int64 = 0, concurrent: Int64 = 0) {
    self.perDay = perDay
    self.total = total
    self.concurrent = concurrent
  }
}

/// A reference to an ingested dataset: what it is, never its rows.
public struct Metadataset: Hashable, Sendable {
  public var id: String
  public var tenant: String
  public var name: String
  public var purpose: Purpose
  public var task: UseCaseTask
  public var datasetID: String
  public var rowCount: Int64
  public var columns: [String]
  public var classCounts: [String: Int64]
  /// Lower-case hexadecimal SHA-256 of the dataset.
  public var sha256: String
  /// Unix milliseconds.
  public var createTime: Int64

  public init(
    id: String, tenant: String, name: String, purpose: Purpose, task: UseCaseTask,
    datasetID: String, rowCount: Int64, columns: [String], classCounts: [String: Int64],
    sha256: String, createTime: Int64
  ) {
    self.id = id
    self.tenant = tenant
    self.name = name
    self.purpose = purpose
    self.task = task
    self.datasetID = datasetID
    self.rowCount = rowCount
    self.columns = columns
    self.classCounts = classCounts
    self.sha256 = sha256
    self.createTime = createTime
  }

  /// What somebody outside the owning tenant may know of it.
  ///
  /// The class counts and the hash of a test set tell of the answers, so they stay at home.
  public var publicView: Metadataset {
    var view = self
    view.datasetID = ""
    guard purpose == .test else { return view }
    view.classCounts = [:]
    view.sha256 = ""
    return view
  }
}
