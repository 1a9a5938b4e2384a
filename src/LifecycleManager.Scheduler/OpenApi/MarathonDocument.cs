using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Api;
using Microsoft.OpenApi;

namespace LifecycleManager.Scheduler.OpenApi;

/// <summary>The REST API as an OpenAPI document.</summary>
internal static class MarathonDocument
{
    /// <summary>Describes everything.</summary>
    public static void Fill(OpenApiDocument document, IReadOnlyList<ApiOperation> operations)
    {
        document.Info = new OpenApiInfo
        {
            Title = "LifecycleManager scheduler",
            Version = "1.11",
            Description = "Marathon's REST API. Ids of apps and groups are paths: their slashes stand in the URL as they are.",
        };
        document.Servers = [];
        var schemas = new WireSchemas(document);
        document.Paths = [];
        foreach (var path in operations.GroupBy(operation => operation.DocumentPath))
        {
            var item = new OpenApiPathItem();
            foreach (var operation in path)
                item.AddOperation(new HttpMethod(operation.Method), Describe(operation, document, schemas));
            document.Paths[path.Key] = item;
        }

        document.Tags = operations.Select(operation => operation.Tag).Distinct()
            .Select(tag => new OpenApiTag { Name = tag }).ToHashSet();
    }

    private static OpenApiOperation Describe(ApiOperation operation, OpenApiDocument document, WireSchemas schemas)
    {
        var responses = new OpenApiResponses { [Text(operation.Status)] = Response(operation, schemas) };
        foreach (var failure in operation.Failures)
        {
            responses[Text(failure)] = new OpenApiResponse
            {
                Description = Meaning(failure),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new() { Schema = schemas.Of(typeof(MarathonError)) },
                },
            };
        }

        return new OpenApiOperation
        {
            Summary = operation.Summary,
            OperationId = operation.Method.ToLowerInvariant() + operation.DocumentPath.Replace('/', '_')
                .Replace("{", "", StringComparison.Ordinal)
                .Replace("}", "", StringComparison.Ordinal),
            Tags = new HashSet<OpenApiTagReference> { new(operation.Tag, document) },
            Parameters = [.. InPath(operation.DocumentPath), .. operation.Query.Select(InQuery)],
            RequestBody = operation.Body is null ? null : new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] =
                    new() { Schema = schemas.Of(operation.Body) }
                },
            },
            Responses = responses,
        };
    }

    private static OpenApiResponse Response(ApiOperation operation, WireSchemas schemas) => new()
    {
        Description = Meaning(operation.Status),
        Content = operation.Status == 204 ? null : operation.Media.ToDictionary(media => media, media => new OpenApiMediaType
        {
            Schema = media != "application/json" ? new OpenApiSchema { Type = JsonSchemaType.String }
                : operation.Answer is null ? new OpenApiSchema { Type = JsonSchemaType.Object } : schemas.Of(operation.Answer),
        }),
    };

    private static IEnumerable<IOpenApiParameter> InPath(string path) =>
        path.Split('{').Skip(1).Select(part => new OpenApiParameter
        {
            Name = part.Split('}')[0],
            In = ParameterLocation.Path,
            Required = true,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });

    private static OpenApiParameter InQuery(ApiParameter parameter) => new()
    {
        Name = parameter.Name,
        Description = parameter.Description,
        In = ParameterLocation.Query,
        Schema = parameter.Kind switch
        {
            ApiParameterKind.Flag => new OpenApiSchema { Type = JsonSchemaType.Boolean },
            ApiParameterKind.Texts =>
                new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            _ => new OpenApiSchema { Type = JsonSchemaType.String },
        },
    };

    private static string Meaning(int status) => status switch
    {
        200 => "Done.",
        201 => "Created.",
        204 => "Done; no content.",
        400 => "The request cannot be read.",
        404 => "Not found.",
        409 => "It is there already, or a deployment holds it.",
        412 => "The app is not as the request has it; nothing was changed.",
        413 => "The body is too large.",
        422 => "The definition is not valid; the details say where and why.",
        _ => "Not possible at the moment.",
    };

    private static string Text(int status) => status.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
