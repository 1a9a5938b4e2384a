namespace BrownField.Actuator;

/// <summary>The ways in which a metrics endpoint can fail its collector.</summary>
internal static class Faults
{
    /// <summary>Does to a metrics endpoint what <paramref name="fault"/> says.</summary>
    public static RouteHandlerBuilder WithFault(this RouteHandlerBuilder endpoint, MetricsFault fault) =>
        fault == MetricsFault.None ? endpoint : endpoint.AddEndpointFilter((call, _) => Fail(fault, call.HttpContext));

    private static async ValueTask<object?> Fail(MetricsFault fault, HttpContext context)
    {
        switch (fault)
        {
            case MetricsFault.Error:
                return Results.Json(new Problem(500, "the fault switch is on"), BrownFieldJson.Default.Problem, statusCode: 500);
            case MetricsFault.Html:
                return Results.Content("<!doctype html><title>Sign in</title><p>Please sign in.", "text/html; charset=utf-8");
            case MetricsFault.Endless:
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("{");
                for (long i = 0; !context.RequestAborted.IsCancellationRequested; i++)
                    await context.Response.WriteAsync($"\"gauge.{i}\":{i},", context.RequestAborted);
                return Results.Empty;
            default:
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return Results.Empty;
        }
    }
}
