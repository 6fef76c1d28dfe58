/// Which changes a use case allows in which state.
public enum UpdateRules {
  /// Fields that may still change once a use case is published.
  public static let changeableFields: Set<ContentField> = [
    .description, .endTime, .limits, .budget,
  ]

  /// Checks a change of content. A field that keeps its value is no change.
  ///
  /// Throws `invalid` for values beyond the limits, `notNow` naming every field that the state
  /// does not let change.
  public static func check(
    _ new: UseCaseContent, replacing old: UseCaseContent, in state: UseCaseState, now: Int64
  ) throws(CatalogError) {
    let faults = new.faults
    guard faults.isEmpty else { throw .invalid(faults) }
    let changed = new.changedFields(from: old)
    let refused = ContentField.allCases.filter(changed.contains).compactMap { field in
      refusal(of: field, new, old, state, now)
    }
    guard refused.isEmpty else {
      let names = refused.map(\.field).joined(separator: ", ")
      throw .notNow("a \(state.rawValue) use case does not let this change: \(names)", refused)
    }
  }

  private static func refusal(
    of field: ContentField, _ new: UseCaseContent, _ old: UseCaseContent, _ state: UseCaseState,
    _ now: Int64
  ) -> FieldFault? {
    switch state {
    case .draft: return nil
    case .closed, .archived:
      return FieldFault(field.rawValue, "nothing changes once a use case is \(state.rawValue)")
    case .published, .paused: break
    }
    switch field {
    case .endTime: return endRefusal(new.endTime, old.endTime, now)
    case .budget: return budgetRefusal(new.budget, old.budget)
    case .description where TextRules.trimmed(new.description).isEmpty:
      return FieldFault("description", "cannot be taken away once published")
    case .description, .limits: return nil
    default: return FieldFault(field.rawValue, "is fixed once the use case is published")
    }
  }

  private static func endRefusal(_ new: Int64?, _ old: Int64?, _ now: Int64) -> FieldFault? {
    guard let new, let old else {
      return FieldFault("end_time", "cannot be taken away once published")
    }
    if new < old {
      return FieldFault("end_time", "can only be extended beyond \(UTCTime(old))")
    }
    if new <= now { return FieldFault("end_time", "must be in the future") }
    return nil
  }

  private static func budgetRefusal(_ new: ComputeBudget?, _ old: ComputeBudget?) -> FieldFault? {
    guard let new, let old else {
      return FieldFault("budget", "cannot be taken away once published")
    }
    guard new.participants >= old.participants, new.gflopEach >= old.gflopEach else {
      return FieldFault(
        "budget",
        "can only be raised; it is \(old.participants) participants × \(old.gflopEach) GFLOP")
    }
    return nil
  }
}
