using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using Microsoft.OpenApi;

namespace LifecycleManager.Scheduler.OpenApi;

/// <summary>Schemas from the wire types' generated metadata: the same that requests are read by.</summary>
internal sealed class WireSchemas(OpenApiDocument document)
{
    public IOpenApiSchema Of(Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (target == typeof(string)) return new OpenApiSchema { Type = JsonSchemaType.String };
        if (target == typeof(int)) return new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32" };
        if (target == typeof(double)) return new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double" };
        if (target == typeof(bool)) return new OpenApiSchema { Type = JsonSchemaType.Boolean };
        if (target == typeof(JsonElement)) return new OpenApiSchema();
        if (target == typeof(IReadOnlyList<string>))
            return new OpenApiSchema { Type = JsonSchemaType.Array, Items = Of(typeof(string)) };
        var info = Known(target);
        return info.Kind switch
        {
            JsonTypeInfoKind.Enumerable => new OpenApiSchema { Type = JsonSchemaType.Array, Items = Of(info.ElementType!) },
            JsonTypeInfoKind.Dictionary =>
                new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = Of(info.ElementType!) },
            _ => Component(info),
        };
    }

    private OpenApiSchemaReference Component(JsonTypeInfo info)
    {
        var name = info.Type.Name;
        var schemas = (document.Components ??= new OpenApiComponents()).Schemas ??= new Dictionary<string, IOpenApiSchema>();
        if (!schemas.ContainsKey(name))
        {
            var schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                AdditionalPropertiesAllowed = false,
                Properties = new Dictionary<string, IOpenApiSchema>(),
                Required = new HashSet<string>(),
            };

            // Named before it is filled, since types contain one another.
            schemas[name] = schema;
            foreach (var property in info.Properties)
            {
                // What the scheduler keeps alone.
                if (info.Type == typeof(App) && property.PropertyType == typeof(Pod)) continue;
                var inner = Of(property.PropertyType);
                // Taken in requests so that an answer can be sent back, and of no effect there.
                if (FieldNotes.IsOfAnswers(info.Type, property.Name) && inner is OpenApiSchema plain)
                    plain.ReadOnly = true;
                if (inner is OpenApiSchema bounded) SchemaFacets.Apply(info.Type, property.Name, bounded);
                schema.Properties[property.Name] = inner;
                if (property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false })
                    schema.Required.Add(property.Name);
            }
        }

        return new OpenApiSchemaReference(name, document);
    }

    private static JsonTypeInfo Known(Type type) =>
        MarathonJson.Default.GetTypeInfo(type) ?? ApiJson.Default.GetTypeInfo(type)
            ?? throw new InvalidOperationException($"{type} is not a wire type");
}
