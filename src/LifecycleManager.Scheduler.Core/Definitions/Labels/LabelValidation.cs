using System.Globalization;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>Labels that the scheduler acts upon: a value that it could not heed is refused, not passed over.</summary>
internal static class LabelValidation
{
    public static void Validate(App app, string path, Problems problems)
    {
        foreach (var (name, value) in app.Labels!)
        {
            var wanted = name switch
            {
                "" => "must not have an empty name",
                PlacementLabels.StrategyName when !PlacementLabels.TryParse(value, out _) =>
                    "must be one of spread, bin-packing, random",
                PlacementLabels.PriorityName when !int.TryParse(value, NumberStyles.AllowLeadingSign,
                    CultureInfo.InvariantCulture, out _) =>
                    "must be a whole number",
                RollbackLabel.Name when !RollbackLabel.TryParse(value, out _) => $"must be {LabelDuration.Form}, over zero",
                PriceLabel.Name when !PriceLabel.TryParse(value, out _) => PriceLabel.Form,
                ExpandLabel.Name when !ExpandLabel.IsValid(value) => ExpandLabel.Form,
                DrainLabel.Name when !DrainLabel.TryParse(value, out _) => DrainLabel.Form,
                CanaryLabel.Name when !CanaryLabel.TryParse(value, out _) => CanaryLabel.Form,
                _ => null,
            };
            if (wanted is not null)
                problems.Add($"{path}/labels" + (name.Length == 0 ? "" : "/" + name), name.Length == 0
                    ? wanted : $"'{value}' {wanted}");
        }

        foreach (var (label, problem) in PlacementLabels.AffinityProblems(app.Id ?? "/", app.Labels))
            problems.Add($"{path}/labels/{label}", problem);
    }
}
