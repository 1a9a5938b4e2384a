using LifecycleManager.Scheduler.Api;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Scalar.AspNetCore;

namespace LifecycleManager.Scheduler.OpenApi;

/// <summary>
/// The REST API's document and its page. Both are made when they are asked for, and need nothing from elsewhere.
/// </summary>
public static class OpenApiEndpoints
{
    private const string Name = "marathon";

    /// <summary>Adds what <see cref="MapMarathonDocument"/> needs.</summary>
    public static IServiceCollection AddMarathonDocument(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        // The endpoints are paths with paths in them, which no convention can describe: each carries the table of its operations.
        options.ShouldInclude = _ => false;
        options.AddDocumentTransformer((document, context, _) =>
        {
            MarathonDocument.Fill(document, Operations(context.ApplicationServices.GetRequiredService<EndpointDataSource>()));
            return Task.CompletedTask;
        });
    });

    /// <summary>Maps <c>/openapi</c>, <c>/openapi/marathon.json</c> and <c>/docs</c>.</summary>
    public static void MapMarathonDocument(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi("/openapi/{documentName}.json").ShowsNoApp();
        endpoints.MapGet("/openapi", context =>
        {
            context.Response.Redirect($"/openapi/{Name}.json");
            return Task.CompletedTask;
        }).ShowsNoApp();
        endpoints.MapReferencePage("LifecycleManager scheduler", $"openapi/{Name}.json");
        endpoints.MapScalarApiReference("/docs").ShowsNoApp();
    }

    private static List<ApiOperation> Operations(EndpointDataSource endpoints) =>
        [.. endpoints.Endpoints.SelectMany(endpoint => endpoint.Metadata.GetMetadata<OperationTable>()?.Operations ?? [])];
}
