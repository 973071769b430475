//! Loss surfaces as heat maps.

use super::figure::{Axis, Figure, Heat, Spot};
use super::quantity::{Labelled, View};
use crate::diagnostics::surface::{self, Along, Surface};

/// The surface of each run that measured one.
pub fn surfaces(runs: &[Labelled], _: View) -> Vec<Figure> {
    let found = |(run, snapshot): &Labelled| {
        let tracked = snapshot.tracked::<Surface>();
        tracked.first().map(|one| surface(run, one.latest))
    };
    runs.iter().filter_map(found).collect()
}

/// The loss on a plane through parameter space, its colours logarithmic where it is positive and spans a decade; θ is
/// marked. `run`: what it is called.
pub fn surface(run: &str, found: &Surface) -> Figure {
    let [u, v] = found.plane.here();
    let coordinates = found.plane.coordinates();
    let title = match found.plane.layer() {
        Some(layer) => format!("Loss within layer {layer}"),
        None => "Loss on a plane".to_owned(),
    };
    Figure {
        title,
        x: axis("u", found.plane.axes[0]),
        y: axis("v", found.plane.axes[1]),
        heat: Some(Heat {
            run: run.to_owned(),
            quantity: "mean loss per datum".to_owned(),
            coordinates: ["u".to_owned(), "v".to_owned()],
            x: coordinates.clone(),
            y: coordinates,
            values: found.losses.clone(),
            log: found.spans_a_decade(),
            spot: Some(Spot { x: u, y: v, text: format!("update {}: {:.4}", found.step, found.loss) }),
        }),
        ..Figure::default()
    }
}

/// A coordinate and where it leads.
fn axis(name: &str, axis: surface::Axis) -> Axis {
    let along = match axis.along {
        Along::Gradient => "the gradient",
        Along::Update => "the update",
        Along::TopEigenvector => "the top Hessian eigenvector",
        Along::SecondEigenvector => "the second Hessian eigenvector",
        Along::Random => "a random direction",
        Along::Weights => "the weights",
    };
    let layer = axis.layer.map_or_else(String::new, |layer| format!(" of layer {layer}"));
    Axis { label: format!("{name}, along {along}{layer}"), log: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::surface::Plane;
    use crate::export::{csv, svg};

    /// A bowl with a hole in it.
    fn bowl() -> Surface {
        let axis = |along, layer| surface::Axis { along, layer };
        let axes = [axis(Along::Weights, Some(1)), axis(Along::Random, Some(1))];
        let plane = Plane { axes, points: 21, extent: 2.0 };
        let places = plane.coordinates();
        let mut losses: Vec<f64> =
            places.iter().flat_map(|v| places.iter().map(move |u| 0.1 + u * u + v * v)).collect();
        losses[0] = f64::INFINITY;
        let pieces = vec![0; losses.len()];
        Surface { step: 7, plane, lengths: [1.0; 2], cosine: 0.0, loss: 1.1, losses, pieces, data: 3, cost: 0.0 }
    }

    #[test]
    fn a_surface_is_drawn_with_axes_colour_bar_contours_and_the_point_where_training_is() {
        let page = svg(&[surface("bowl", &bowl())]);
        for text in [
            "Loss within layer 1: bowl",
            "u, along the weights of layer 1",
            "v, along a random direction of layer 1",
            "mean loss per datum",
            "update 7: 1.1000",
            "not above 0, or not finite",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("NaN") && !page.contains("inf\""), "{page}");
        // The least value is the darkest and the largest the lightest of the colours.
        let end = |place| format!("#{:x}", colorous::CIVIDIS.eval_continuous(place));
        assert!(page.contains(&end(0.0)) && page.contains(&end(1.0)));
    }

    #[test]
    fn a_table_of_a_surface_has_every_point() {
        let text = String::from_utf8(csv(&[surface("bowl", &bowl())], "update").unwrap()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "run,quantity,u,v,value");
        assert_eq!((lines.len(), lines[1]), (1 + 21 * 21, "bowl,mean loss per datum,-2,-2,nan"));
        assert!(lines[1 + 10 * 21 + 10].ends_with(",0,0,0.1"), "{}", lines[1 + 10 * 21 + 10]);
    }
}
