import API
import Metrics
import RPC

/// Shows the catalogue of metrics.
struct MetricCatalogueHandler: EvaluationMetricCatalogueService {
  func listMetrics(
    _ request: EvaluationListMetricsRequest, context: ServerContext
  ) async throws -> EvaluationListMetricsResponse {
    let tasks: [MetricTask]
    if request.task == .unspecified {
      tasks = MetricTask.allCases
    } else if let task = MetricTask(request.task) {
      tasks = [task]
    } else {
      throw RPCError.invalidField(
        "task", "\(request.task) is not a task; expected one of ListMetrics' own")
    }
    return EvaluationListMetricsResponse(
      metrics: tasks.flatMap { MetricsCatalogue.metrics(for: $0) }.map(EvaluationMetric.init))
  }
}

extension EvaluationMetric {
  init(_ metric: MetricDescription) {
    self.init(
      task: CatalogTask(metric.task), id: metric.id, displayName: metric.title,
      description: metric.summary, direction: metric.direction.wireName,
      range: metric.range.description,
      parameters: metric.parameters.map(EvaluationMetricParameter.init),
      inputs: metric.inputs.map(\.rawValue), version: Int32(metric.version))
  }
}

extension EvaluationMetricParameter {
  init(_ parameter: ParameterDescription) {
    self.init(
      name: parameter.name, type: parameter.kind.name,
      defaultValue: parameter.defaultValue?.description ?? "", limits: parameter.expectation,
      description: parameter.summary)
  }
}

extension ParameterKind {
  /// The type in a word.
  fileprivate var name: String {
    switch self {
    case .choice: "choice"
    case .flag: "flag"
    case .flagOrAuto: "flag or auto"
    case .number: "number"
    case .integer, .zeroOrOne: "integer"
    case .numbers, .interval: "numbers"
    case .integers: "integers"
    case .label: "label"
    }
  }
}
