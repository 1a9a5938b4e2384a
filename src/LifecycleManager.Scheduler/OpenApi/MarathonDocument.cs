using System.Text.Json.Nodes;
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
        Secure(document);
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
        var responses = new OpenApiResponses { [Text(operation.Status)] = Response(operation, operation.Status, schemas) };
        if (operation.OtherStatus is { } other) responses[Text(other)] = Response(operation, other, schemas);
        if (operation.Path != "/ping")
        {
            responses[Text(401)] = Plain("Who calls is not known: a principal and its secret are needed, or its certificate.");
            responses[Text(403)] = Plain("The caller may not do that, or a page of another site calls.");
            responses[Text(403)].Content!["application/json"] =
                new OpenApiMediaType { Schema = schemas.Of(typeof(MarathonError)) };
        }

        foreach (var failure in Failures(operation))
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
            Security = operation.Path == "/ping" ? [] : null,
            Summary = operation.Summary,
            OperationId = operation.Method.ToLowerInvariant() + operation.DocumentPath.Replace('/', '_')
                .Replace("{", "", StringComparison.Ordinal)
                .Replace("}", "", StringComparison.Ordinal)
                .Replace("::", "_", StringComparison.Ordinal)
                .Replace('-', '_'),
            Tags = new HashSet<OpenApiTagReference> { new(operation.Tag, document) },
            Parameters = [.. InPath(operation), .. operation.Query.Select(InQuery)],
            RequestBody = operation.Body is null ? null : new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new()
                    {
                        Schema = schemas.Of(operation.Body),
                        Example = BodyExamples.Of(operation),
                    },
                },
            },
            Responses = responses,
        };
    }

    // Where a scheduler does not lead, or has just stopped, 503; where a value of a parameter is not one of its own, 400.
    private static IEnumerable<int> Failures(ApiOperation operation) =>
        operation.Path == "/ping" ? operation.Failures
            : operation.Failures.Append(503).Concat(operation.Query.Any(parameter => parameter.IsChecked) ? [400] : []).Distinct()
                .Order();

    private static OpenApiResponse Response(ApiOperation operation, int status, WireSchemas schemas) => new()
    {
        Description = Meaning(status),
        Content = status is 202 or 204 ? null : operation.Media.ToDictionary(media => media, media => new OpenApiMediaType
        {
            Schema = media != "application/json" || (operation.Path == "/ping" && operation.Answer is null)
                ? new OpenApiSchema { Type = JsonSchemaType.String } : Answer(operation, schemas),
        }),
    };

    private static IOpenApiSchema Answer(ApiOperation operation, WireSchemas schemas) => operation switch
    {
        { Answer: null } => new OpenApiSchema { Type = JsonSchemaType.Object },
        { OtherAnswer: { } other } => new OpenApiSchema { AnyOf = [schemas.Of(operation.Answer), schemas.Of(other)] },
        _ => schemas.Of(operation.Answer),
    };

    private static OpenApiResponse Plain(string description) => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType>
        {
            ["text/plain"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
        },
    };

    // Nobody need be asked who he is.
    private static void Secure(OpenApiDocument document)
    {
        (document.Components ??= new OpenApiComponents()).SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["basic"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "basic",
                Description = "A principal and its secret.",
            },
            ["certificate"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.MutualTLS,
                Description = "A certificate whose name is a principal's.",
            },
        };
        document.Security =
        [
            [],
            new() { [new OpenApiSecuritySchemeReference("basic", document)] = [] },
            new() { [new OpenApiSecuritySchemeReference("certificate", document)] = [] },
        ];
    }

    private static IEnumerable<IOpenApiParameter> InPath(ApiOperation operation) =>
        operation.DocumentPath.Split('{').Skip(1).Select(part => part.Split('}')[0]).Select(name => new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Path,
            Required = true,
            Schema = name == "version" ? new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" }
                : name == "id" && operation.Path.Contains("{**id}", StringComparison.Ordinal) ? SchemaFacets.IdInPath()
                : new OpenApiSchema { Type = JsonSchemaType.String },
        });

    private static OpenApiParameter InQuery(ApiParameter parameter) => new()
    {
        Name = parameter.Name,
        Description = parameter.Description,
        In = ParameterLocation.Query,
        Schema = parameter.Kind switch
        {
            ApiParameterKind.Flag => new OpenApiSchema { Type = JsonSchemaType.Boolean },
            ApiParameterKind.Texts => new OpenApiSchema { Type = JsonSchemaType.Array, Items = OneValue(parameter) },
            ApiParameterKind.Duration => SchemaFacets.Duration(),
            _ => OneValue(parameter),
        },
    };

    private static OpenApiSchema OneValue(ApiParameter parameter) => parameter.Range is { } range
        ? new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = Text(range.Least), Maximum = Text(range.Most) }
        : new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Enum = parameter.Values.Count == 0 ? null : [.. parameter.Values.Select(value => (JsonNode)value)],
        };

    private static string Meaning(int status) => status switch
    {
        200 => "Done.",
        201 => "Created.",
        202 => "It is on its way.",
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
