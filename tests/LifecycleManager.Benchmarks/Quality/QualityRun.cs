using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Benchmarks.Quality;

/// <summary>What an autoscaler made of a workload.</summary>
/// <param name="Autoscaler">Its name.</param>
/// <param name="Workload">Its name.</param>
/// <param name="Violation">Seconds in which a request took longer than the objective.</param>
/// <param name="NotCarried">Requests whose callers gave up.</param>
/// <param name="InstanceHours">How long instances were there, whether or not they served.</param>
/// <param name="Changes">How often the count was changed.</param>
/// <param name="Counts">The count after each second.</param>
internal sealed record QualityResult(
    string Autoscaler, string Workload, int Violation, double NotCarried, double InstanceHours, int Changes, int[] Counts);

/// <summary>Runs a workload under an autoscaler.</summary>
internal static class QualityRun
{
    /// <summary>Runs it from the count that its first minute needs.</summary>
    /// <param name="workload">The load.</param>
    /// <param name="autoscaler">A fresh one: it remembers.</param>
    /// <param name="model">The service.</param>
    /// <param name="seed">Of how long starts take.</param>
    public static QualityResult Of(Workload workload, IAutoscaler autoscaler, ServiceModel model, int seed)
    {
        var service = new SimulatedService(model, seed, model.Needed(workload.Load.Take(60).Average()));
        var (violation, lost, seconds, changes) = (0, 0.0, 0L, 0);
        var counts = new int[workload.Load.Length];
        for (var t = 0; t < counts.Length; t++)
        {
            service.Step(workload.Load[t]);
            if (service.Latency > model.Objective) violation++;
            lost += service.Lost;
            if (autoscaler.Look(service) is { } count && count != service.Instances.Count)
            {
                service.Scale(count);
                changes++;
            }

            seconds += counts[t] = service.Instances.Count;
        }

        return new QualityResult(autoscaler.Name, workload.Name, violation, lost, seconds / 3600.0, changes, counts);
    }
}
