import API
import Formats
import Metrics

/// Why a job cannot be scored; fit for the participant's eyes.
struct ScoringFailure: Error, Sendable {
  var reason: String
  /// Another attempt, perhaps by another worker, could succeed.
  var isRetryable: Bool
}

/// Computes the primary metric of a job and all further ones of its task that the file allows.
///
/// A pure function of truth, predictions and metric: the same bits on every worker.
enum Scorer {
  static func score(
    _ job: EvaluationWorkerCommand.Job, truth: Dataset, history: Dataset?,
    predictions: Predictions
  ) throws(ScoringFailure) -> (primary: EvaluationScore, further: [EvaluationScore]) {
    let choice = job.metric ?? CatalogMetricChoice()
    let metric = try metric(choice, task: truth.task, version: job.metricVersion)
    let input: ScoringInput
    do throws(MetricError) {
      input = try ScoringInput(truth, predictions, history: history)
    } catch {
      throw ScoringFailure(reason: "\(metric.title): \(error.forParticipants)", isRetryable: false)
    }
    let classes = predictions.classes.isEmpty ? truth.classes : predictions.classes
    let primary = try primary(metric, choice.parameters.dictionary, input, classes)
    let others = input.metrics.filter { $0.id != metric.id }
    let further = others.map { Self.further($0, input, classes) }
    return (primary, further)
  }

  private static func metric(
    _ choice: CatalogMetricChoice, task: MetricTask, version: Int32
  ) throws(ScoringFailure) -> MetricDescription {
    let metric: MetricDescription
    do throws(MetricError) {
      metric = try MetricsCatalogue.metric(choice.metric, of: task)
    } catch {
      throw ScoringFailure(reason: "\(error)", isRetryable: false)
    }
    guard metric.version == Int(version) else {
      throw ScoringFailure(
        reason: "the worker computes version \(metric.version) of \(metric.id), not \(version)",
        isRetryable: true)
    }
    return metric
  }

  private static func primary(
    _ metric: MetricDescription, _ parameters: [String: String], _ input: ScoringInput,
    _ classes: [String]
  ) throws(ScoringFailure) -> EvaluationScore {
    do throws(MetricError) {
      let checked = try MetricParameters(text: parameters, for: metric)
      guard let outcome = try input.outcome(of: metric, parameters: checked) else {
        throw MetricError(
          .unsupportedInput, "\(metric.id) cannot be computed from the columns of the file")
      }
      var score = EvaluationScore(metric: metric.id, parameters: .init(parameters))
      score.set(outcome, classes: classes)
      return score
    } catch {
      throw ScoringFailure(reason: "\(metric.title): \(error.forParticipants)", isRetryable: false)
    }
  }

  private static func further(
    _ metric: MetricDescription, _ input: ScoringInput, _ classes: [String]
  ) -> EvaluationScore {
    var score = EvaluationScore(metric: metric.id)
    do throws(MetricError) {
      let parameters = try MetricParameters(for: metric)
      if let outcome = try input.outcome(of: metric, parameters: parameters) {
        score.set(outcome, classes: classes)
      } else {
        score.error = "cannot be computed from the columns of the file"
      }
    } catch {
      score.error = error.forParticipants
    }
    return score
  }
}

extension MetricError {
  /// What a participant may read: nothing of the truth, neither which row nor what is in it.
  var forParticipants: String {
    concernsTruth ? "\(name.rawValue): the truth does not allow this metric" : description
  }
}

extension EvaluationScore {
  /// Takes over a metric's outcome: a value, values by class, or the reason why there is none.
  fileprivate mutating func set(_ outcome: MetricOutcome, classes: [String]) {
    switch outcome {
    case .value(let value):
      self.value = value
    case .undefined(let reason):
      undefinedReason = "\(reason.rawValue): \(reason.explanation)"
    case .values(let entries, let mean):
      value = mean
      if mean == nil { undefinedReason = "has a value for each class and none over all" }
      classScores = entries.enumerated().map { index, entry in
        EvaluationClassScore(
          className: index < classes.count ? classes[index] : "class \(index)", value: entry)
      }
    }
  }
}
