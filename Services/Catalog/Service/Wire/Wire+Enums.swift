import API
import CatalogDomain

// The schema's enums and times, and the domain's. Unknown numbers are parsed to faults.

extension UseCaseTask {
  private static let pairs: [(UseCaseTask, CatalogTask)] = [
    (.imageClassification, .imageClassification), (.textClassification, .textClassification),
    (.tabularClassification, .tabularClassification), (.objectDetection, .objectDetection),
    (.semanticSegmentation, .semanticSegmentation),
    (.instanceSegmentation, .instanceSegmentation), (.keypointDetection, .keypointDetection),
    (.tabularRegression, .tabularRegression),
    (.timeSeriesForecasting, .timeSeriesForecasting),
    (.timeToEventPrediction, .timeToEventPrediction),
  ]

  /// Nil for the unspecified task.
  static func parse(_ wire: CatalogTask) throws(CatalogError) -> UseCaseTask? {
    if wire == .unspecified { return nil }
    guard let task = pairs.first(where: { $0.1 == wire })?.0 else {
      throw .invalid("task", "\(wire.rawValue) is none of the ten tasks")
    }
    return task
  }

  var wire: CatalogTask { Self.pairs.first { $0.0 == self }?.1 ?? .unspecified }
}

extension Privacy {
  /// Nil for the unspecified privacy.
  static func parse(_ wire: CatalogPrivacy) throws(CatalogError) -> Privacy? {
    switch wire {
    case .unspecified: nil
    case .public: .public
    case .private: .private
    case .unrecognized(let number):
      throw .invalid("privacy", "\(number) is neither public (1) nor private (2)")
    }
  }

  var wire: CatalogPrivacy {
    switch self {
    case .public: .public
    case .private: .private
    }
  }
}

extension Purpose {
  static func parse(_ wire: CatalogPurpose) throws(CatalogError) -> Purpose {
    switch wire {
    case .train: .train
    case .test: .test
    case .unspecified: throw .invalid("purpose", "is missing: choose train or test")
    case .unrecognized(let number):
      throw .invalid("purpose", "\(number) is neither train (1) nor test (2)")
    }
  }

  var wire: CatalogPurpose {
    switch self {
    case .train: .train
    case .test: .test
    }
  }
}

extension UseCaseState {
  /// Nil for the unspecified state.
  static func parse(_ wire: CatalogUseCaseState) throws(CatalogError) -> UseCaseState? {
    switch wire {
    case .unspecified: nil
    case .draft: .draft
    case .published: .published
    case .paused: .paused
    case .closed: .closed
    case .archived: .archived
    case .unrecognized(let number): throw .invalid("state", "\(number) is no state")
    }
  }

  var wire: CatalogUseCaseState {
    switch self {
    case .draft: .draft
    case .published: .published
    case .paused: .paused
    case .closed: .closed
    case .archived: .archived
    }
  }
}

extension FileKind {
  static func parse(_ wire: CatalogFileKind) throws(CatalogError) -> FileKind {
    switch wire {
    case .cover: .cover
    case .notebook: .notebook
    default: throw .invalid("kind", "\(wire.rawValue) is neither cover (1) nor notebook (2)")
    }
  }
}

extension Invite.State {
  var wire: CatalogInviteState {
    switch self {
    case .pending: .pending
    case .accepted: .accepted
    case .revoked: .revoked
    case .expired: .expired
    }
  }
}

extension Google_Protobuf_Timestamp {
  /// Unix milliseconds; what is finer is cut off.
  func milliseconds(_ field: String) throws(CatalogError) -> Int64 {
    guard (0...CatalogLimits.maximumTime / 1_000).contains(seconds),
      (0..<1_000_000_000).contains(nanos)
    else { throw .invalid(field, "must be between the years 1970 and 9999") }
    return seconds * 1_000 + Int64(nanos) / 1_000_000
  }
}
